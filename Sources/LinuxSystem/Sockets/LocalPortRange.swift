// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The ports that the kernel gives to sockets which ask for none: `net.ipv4.ip_local_port_range` of ip(7), for IPv6 too.
///
/// Concurrency: one atomic word; a file of procfs is read once a minute at most, while somebody asks.
enum LocalPortRange {
    /// The first port, the last one, and in the high half the minute in which they were read, from 1.
    private static let word = Atomic<UInt64>(0)

    /// Where the range cannot be read, as in a sandbox (ProcSubset=pid), it may be any but the privileged ports.
    private static let widest: ClosedRange<UInt16> = 1024...65535

    /// Whether the kernel may give this port.
    static func contains(_ port: UInt16) -> Bool {
        guard port >= widest.lowerBound else { return false }
        // Minutes of 2^36 nanoseconds.
        let minute = (Clock.monotonic >> 36 &+ 1) & 0xffff_ffff
        var known = word.load(ordering: .relaxed)
        if known >> 32 != minute {
            let range = read() ?? widest
            known = minute << 32 | UInt64(range.upperBound) << 16 | UInt64(range.lowerBound)
            word.store(known, ordering: .relaxed)
        }
        return UInt64(port) >= known & 0xffff && UInt64(port) <= known >> 16 & 0xffff
    }

    private static func read() -> ClosedRange<UInt16>? {
        guard let bytes = try? RegularFile.read("/proc/sys/net/ipv4/ip_local_port_range", limit: 64) else { return nil }
        return parse(bytes)
    }

    /// The two numbers of the file, with white space between them.
    static func parse(_ bytes: [UInt8]) -> ClosedRange<UInt16>? {
        let words = bytes.split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        let numbers = words.compactMap { UInt16(String(decoding: $0, as: UTF8.self)) }
        guard words.count == 2, numbers.count == 2, numbers[0] <= numbers[1] else { return nil }
        return numbers[0]...numbers[1]
    }
}
