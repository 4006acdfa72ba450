// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A system call that failed: which one, and the `errno` it left. 24 bytes, and no text is made until it is shown.
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

    /// Takes the literal.
    public init(stringLiteral name: StaticString) {
        self.name = name
    }

    /// The name itself.
    public var description: String { name.description }

    /// Two operations are the same if they have the same name.
    public static func == (left: Self, right: Self) -> Bool { left.description == right.description }
}

extension SystemError: CustomStringConvertible {
    /// The kernel's own words for the error: `"Address already in use"`, as strerror(3) has them.
    public var reason: String { Self.reason(of: errno) }

    /// The symbol of the error: `"EADDRINUSE"`, or the number where there is none.
    public var symbol: String { Self.symbol(of: errno) }

    /// `"bind: Address already in use (EADDRINUSE)"`.
    public var description: String { "\(operation): \(reason) (\(symbol))" }

    /// The symbol of an error number: `"EADDRINUSE"`.
    public static func symbol(of number: CInt) -> String {
        // unsafe: strerrorname_np returns NULL or a string that lives as long as the program.
        guard let name = unsafe clinux_errno_name(number) else { return "errno \(number)" }
        return unsafe String(cString: name)
    }

    /// The kernel's words for an error number: `"Address already in use"`.
    public static func reason(of number: CInt) -> String {
        // unsafe: strerrordesc_np returns NULL or a string that lives as long as the program.
        guard let text = unsafe clinux_errno_text(number) else { return "Unknown error \(number)" }
        return unsafe String(cString: text)
    }
}
