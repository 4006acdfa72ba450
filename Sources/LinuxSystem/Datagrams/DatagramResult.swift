// SPDX-License-Identifier: Apache-2.0

/// What became of datagrams that were to be sent.
package struct DatagramResult: Equatable, Sendable {
    /// How many went.
    package var datagrams = 0

    /// How many bytes these had.
    package var bytes = 0

    /// How many did not go.
    package var lost = 0

    /// What the kernel said of the last that did not go.
    package var errno: CInt = 0

    /// What became of nothing, or so much.
    package init(datagrams: Int = 0, bytes: Int = 0, lost: Int = 0, errno: CInt = 0) {
        self.datagrams = datagrams
        self.bytes = bytes
        self.lost = lost
        self.errno = errno
    }

    /// Adds what became of others that came behind.
    package static func += (result: inout DatagramResult, other: DatagramResult) {
        result.datagrams += other.datagrams
        result.bytes += other.bytes
        result.lost += other.lost
        if other.errno != 0 { result.errno = other.errno }
    }
}
