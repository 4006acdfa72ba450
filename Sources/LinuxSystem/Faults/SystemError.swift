// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A failed system call: its name and its `errno`. 24 bytes; its text is made only when it is shown.
public struct SystemError: Error, Equatable, Sendable {
    /// The call as its manual page names it: `"bind"`, `"accept4"`.
    public let operation: StaticOperation

    /// The error number, as in errno(3).
    public let errno: CInt

    /// Makes an error from an operation's name and an error number.
    public init(_ operation: StaticOperation, errno: CInt) {
        self.operation = operation
        self.errno = errno
    }
}

/// The name of an operation: a string literal that can be compared.
public struct StaticOperation: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let name: StaticString

    /// Makes the name from the literal.
    public init(stringLiteral name: StaticString) {
        self.name = name
    }

    /// The name.
    public var description: String { name.description }

    /// Operations are equal if their names are.
    public static func == (left: Self, right: Self) -> Bool { left.description == right.description }
}

extension SystemError: CustomStringConvertible {
    /// The text of strerror(3) for the error: `"Address already in use"`.
    public var reason: String { Self.reason(of: errno) }

    /// The symbol of the error: `"EADDRINUSE"`, or the number if it has no symbol.
    public var symbol: String { Self.symbol(of: errno) }

    /// `"bind: Address already in use (EADDRINUSE)"`.
    public var description: String { "\(operation): \(reason) (\(symbol))" }

    /// The symbol of an error number: `"EADDRINUSE"`.
    public static func symbol(of number: CInt) -> String {
        // unsafe: strerrorname_np returns NULL or a string that lives as long as the program.
        guard let name = unsafe clinux_errno_name(number) else { return "errno \(number)" }
        return unsafe String(cString: name)
    }

    /// The text of strerror(3) for an error number: `"Address already in use"`.
    public static func reason(of number: CInt) -> String {
        // unsafe: strerrordesc_np returns NULL or a string that lives as long as the program.
        guard let text = unsafe clinux_errno_text(number) else { return "Unknown error \(number)" }
        return unsafe String(cString: text)
    }
}
