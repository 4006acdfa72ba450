// SPDX-License-Identifier: Apache-2.0

/// The time format of RFC 868.
enum TimeProtocol {
    /// Seconds between 1900-01-01, the epoch of RFC 868, and 1970-01-01, the epoch of the kernel.
    private static let secondsBefore1970: UInt64 = 2_208_988_800

    /// Seconds since 1900-01-01T00:00:00Z, modulo 2^32.
    ///
    /// The value wraps on 2036-02-07, and clients must handle that.
    ///
    /// - Parameter nanoseconds: since 1970-01-01T00:00:00Z.
    static func seconds(of nanoseconds: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: nanoseconds / 1_000_000_000 + secondsBefore1970)
    }
}

extension [UInt8] {
    /// Appends a number in network byte order.
    mutating func append(bigEndian number: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
