// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A call that failed in the test itself, which it should not.
public struct POSIXFailure: Error, Equatable, CustomStringConvertible {
    /// The call.
    public let call: String

    /// What errno(3) was.
    public let number: CInt

    /// Takes `errno` as it is, or a number.
    public init(_ call: String, _ number: CInt = errno) {
        self.call = call
        self.number = number
    }

    /// The call and the kernel's words.
    public var description: String { "\(call): \(String(cString: strerror(number)))" }
}
