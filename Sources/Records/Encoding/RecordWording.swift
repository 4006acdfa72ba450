// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

extension [UInt8] {
    /// Appends an address in the address grammar, with what Unix names hold made harmless.
    mutating func append(_ kind: SocketKind, _ address: SocketAddress, as escaping: Escaping) {
        append(kind.scheme)
        append("://")
        switch address {
        case .unix(let path):
            append(escaping: path, as: escaping)
        case .abstract(let name):
            append(UInt8(ascii: "@"))
            append(escaping: name, as: escaping)
        case .ipv4, .ipv6, .unnamed, .vsock:
            address.append(to: &self)
        }
    }

    /// Appends a duration as a person says it, three digits or so: `340 us`, `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`.
    mutating func append(durationMicroseconds microseconds: UInt64) {
        switch microseconds {
        case ..<1000:
            append(decimal: microseconds)
            append(" us")
        case ..<1_000_000:
            append(decimal: microseconds / 1000)
            append(" ms")
        case ..<60_000_000:
            append(tenths: microseconds / 100_000)
            append(" s")
        case ..<3_600_000_000:
            append(decimal: microseconds / 60_000_000)
            append(" min ")
            append(decimal: microseconds / 1_000_000 % 60)
            append(" s")
        default:
            append(decimal: microseconds / 3_600_000_000)
            append(" h ")
            append(decimal: microseconds / 60_000_000 % 60)
            append(" min")
        }
    }

    /// Appends a number of bytes as a person says it: `64 B`, `1.2 KiB`, `3.4 GiB`.
    mutating func append(byteCount count: UInt64) {
        let unit: StaticString
        let shift: UInt64
        switch count {
        case ..<(1 << 10):
            append(decimal: count)
            append(" B")
            return
        case ..<(1 << 20): (unit, shift) = (" KiB", 10)
        case ..<(1 << 30): (unit, shift) = (" MiB", 20)
        case ..<(1 << 40): (unit, shift) = (" GiB", 30)
        default: (unit, shift) = (" TiB", 40)
        }
        // The remainder is below 2^40, so ten of it do not overflow.
        append(tenths: (count >> shift) * 10 + (count & ((1 << shift) - 1)) * 10 >> shift)
        append(unit)
    }

    private mutating func append(tenths: UInt64) {
        append(decimal: tenths / 10)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: tenths % 10))
    }

    /// Appends the `message` of a connection's record. `name` and `peer` are escaped already.
    mutating func append(messageOf record: ConnectionRecord, name: [UInt8], peer: [UInt8]) {
        append(contentsOf: name)
        switch record.event {
        case .open:
            append(": connection ")
            append(decimal: record.connection)
            append(" from ")
            append(contentsOf: peer)
        case .close(let end):
            append(": connection ")
            append(decimal: record.connection)
            append(" from ")
            append(contentsOf: peer)
            append(" ended after ")
            append(durationMicroseconds: end.traffic.durationMicroseconds)
            append(": ")
            append(end.reason.name)
            append(" by ")
            append(end.by.name)
            append(errorOf: end)
            append(" (in ")
            append(byteCount: end.traffic.bytesIn)
            append(", out ")
            append(byteCount: end.traffic.bytesOut)
            append(UInt8(ascii: ")"))
        case .refused(let refusal):
            append(": refused ")
            append(contentsOf: peer)
            append(": ")
            refusal.appendReason(to: &self)
        case .live(let traffic):
            append(": connection ")
            append(decimal: record.connection)
            append(" from ")
            append(contentsOf: peer)
            append(" is open since ")
            append(durationMicroseconds: traffic.durationMicroseconds)
            append(" (in ")
            append(byteCount: traffic.bytesIn)
            append(", out ")
            append(byteCount: traffic.bytesOut)
            append(UInt8(ascii: ")"))
        }
    }

    /// Appends `: Broken pipe (EPIPE)` where an end has an errno.
    mutating func append(errorOf end: ConnectionEnd) {
        guard end.errno != 0 else { return }
        append(": ")
        append(contentsOf: SystemError.reason(of: end.errno).utf8)
        append(" (")
        append(contentsOf: SystemError.symbol(of: end.errno).utf8)
        append(UInt8(ascii: ")"))
    }
}
