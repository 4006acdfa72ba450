// SPDX-License-Identifier: Apache-2.0

/// The number that RFC 868 counts time with.
enum TimeProtocol {
    /// Seconds between the beginning of RFC 868's count, 1900-01-01, and that of the kernel's, 1970-01-01.
    private static let secondsBefore1970: UInt64 = 2_208_988_800

    /// Seconds since 1900-01-01T00:00:00Z, modulo 2^32: the count begins anew on 2036-02-07, and clients have to know.
    ///
    /// - Parameter nanoseconds: since 1970-01-01T00:00:00Z.
    static func seconds(of nanoseconds: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: nanoseconds / 1_000_000_000 + secondsBefore1970)
    }
}

extension [UInt8] {
    /// Appends a number in the order of the network.
    mutating func append(bigEndian number: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
