// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The ports that the kernel gives to sockets without a port: `net.ipv4.ip_local_port_range` of ip(7), for IPv6 too.
///
/// Concurrency: one atomic word. The file in procfs is read at most about once a minute, when a port is checked.
enum LocalPortRange {
    /// The range and when it was read: bits 0-15 the first port, 16-31 the last one, 32-63 the minute.
    private static let word = Atomic<UInt64>(0)

    /// The range if the file cannot be read, as in a sandbox (ProcSubset=pid): all but the privileged ports.
    private static let widest: ClosedRange<UInt16> = 1024...65535

    /// Whether the kernel may choose this port.
    static func contains(_ port: UInt16) -> Bool {
        guard port >= widest.lowerBound else { return false }
        // A "minute" is 2^36 ns, about 69 s.
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

    /// Parses the two numbers of the file, separated by white space.
    static func parse(_ bytes: [UInt8]) -> ClosedRange<UInt16>? {
        let words = bytes.split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        let numbers = words.compactMap { UInt16(String(decoding: $0, as: UTF8.self)) }
        guard words.count == 2, numbers.count == 2, numbers[0] <= numbers[1] else { return nil }
        return numbers[0]...numbers[1]
    }
}
