// SPDX-License-Identifier: Apache-2.0

/// The result of sending datagrams.
package struct DatagramResult: Equatable, Sendable {
    /// How many were sent.
    package var datagrams = 0

    /// The bytes of those that were sent.
    package var bytes = 0

    /// How many were not sent.
    package var lost = 0

    /// The error of the last that was not sent; 0 if all were.
    package var errno: CInt = 0

    /// Makes a result; by default of nothing sent.
    package init(datagrams: Int = 0, bytes: Int = 0, lost: Int = 0, errno: CInt = 0) {
        self.datagrams = datagrams
        self.bytes = bytes
        self.lost = lost
        self.errno = errno
    }

    /// Adds the result of later datagrams.
    package static func += (result: inout DatagramResult, other: DatagramResult) {
        result.datagrams += other.datagrams
        result.bytes += other.bytes
        result.lost += other.lost
        if other.errno != 0 { result.errno = other.errno }
    }
}
