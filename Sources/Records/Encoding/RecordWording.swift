// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Where a message has the addresses that other fields of the record repeat.
struct MessageAddresses {
    var peer: Range<Int>
    var upstream = 0..<0
}

extension ByteOutput {
    /// Appends an address in the address grammar; names of Unix sockets and interfaces are escaped.
    ///
    /// - Returns: the range of the address, so that it can be copied.
    @discardableResult
    mutating func append(_ kind: SocketKind, _ address: SocketAddress, as escaping: Escaping) -> Range<Int> {
        let start = count
        append(kind.fitting(address).scheme)
        append("://")
        switch address {
        case .unix(let path):
            append(escaping: path, as: escaping)
        case .abstract(let name):
            append(UInt8(ascii: "@"))
            append(escaping: name, as: escaping)
        case .can(let interface, let identifier) where !interface.isAny:
            // The kernel refuses blanks, `/` and `:` in the name of an interface, but no quotes, escapes or other bytes.
            append(escaping: interface.bytes, as: escaping)
            if identifier != .none {
                append(UInt8(ascii: "#"))
                identifier.append(to: &self)
            }
        case .ipv4, .ipv6, .unnamed, .vsock, .can:
            address.append(to: &self)
        }
        return start..<count
    }

    /// Appends a duration with two or three digits: `340 us`, `5.1 ms`, `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`.
    mutating func append(durationMicroseconds microseconds: UInt64) {
        switch microseconds {
        case ..<1000:
            append(decimal: microseconds)
            append(" us")
        case ..<10_000:
            append(tenths: microseconds / 100)
            append(" ms")
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

    /// Appends a number of bytes for people: `64 B`, `1.2 KiB`, `3.4 GiB`.
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
        // The remainder is below 2^40, so ten times as much does not overflow.
        append(tenths: (count >> shift) * 10 + (((count & ((1 << shift) - 1)) * 10) >> shift))
        append(unit)
    }

    private mutating func append(tenths: UInt64) {
        append(decimal: tenths / 10)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: tenths % 10))
    }

    /// Appends the `message` of a connection's record.
    ///
    /// - Parameter name: the listener's name, escaped already.
    /// - Returns: the ranges of the addresses, so that they can be copied.
    mutating func append(
        messageOf record: borrowing ConnectionRecord, name: [UInt8], as escaping: Escaping
    ) -> MessageAddresses {
        append(bytes: name)
        if case .refused = record.event {
            append(": refused ")
        } else {
            append(record.kind.isDatagram ? ": flow " : ": connection ", decimal: record.connection)
            append(" from ")
        }
        var addresses = MessageAddresses(peer: append(record.kind, record.peer, as: escaping))
        switch record.event {
        case .open:
            break
        case .close(let end):
            append(" ended after ")
            append(durationMicroseconds: end.traffic.durationMicroseconds)
            append(": ")
            append(end.reason.name)
            append(" by ")
            append(end.by.name)
            append(errorOf: end)
            append(bytesOf: end.traffic)
        case .refused(let refusal):
            append(": ")
            refusal.appendReason(to: &self)
        case .live(let traffic), .progress(let traffic):
            append(" is open for ")
            append(durationMicroseconds: traffic.durationMicroseconds)
            append(bytesOf: traffic)
        }
        switch record.upstream {
        case .some(let trace): addresses.upstream = append(trace, after: ", ", as: escaping)
        case nil: break
        }
        return addresses
    }

    /// Appends the upstream data: `, upstream tcp://10.0.0.5:443`, the time in the queue, and failures to connect.
    ///
    /// - Returns: the range of the upstream's address; an empty range if there is none.
    @discardableResult
    mutating func append(
        _ trace: borrowing UpstreamTrace, after separator: StaticString, as escaping: Escaping
    ) -> Range<Int> {
        var address = 0..<0
        if let upstream = trace.upstream {
            append(separator)
            append("upstream ")
            address = append(upstream.kind, upstream.address, as: escaping)
        }
        if trace.queueMicroseconds != 0 {
            append(separator)
            append("queued ")
            append(durationMicroseconds: trace.queueMicroseconds)
        }
        guard !trace.failures.isEmpty else { return address }
        append(separator)
        append("not reached: ")
        append(escaping: trace.failureText, as: escaping == .json ? .json : .text)
        return address
    }

    private mutating func append(bytesOf traffic: ConnectionTraffic) {
        append(" (in ")
        append(byteCount: traffic.bytesIn)
        append(", out ")
        append(byteCount: traffic.bytesOut)
        append(UInt8(ascii: ")"))
    }

    /// Appends `: Broken pipe (EPIPE)` if the end has an errno.
    mutating func append(errorOf end: ConnectionEnd) {
        guard end.errno != 0 else { return }
        append(": ")
        append(text: SystemError.reason(of: end.errno))
        append(" (")
        append(text: SystemError.symbol(of: end.errno))
        append(UInt8(ascii: ")"))
    }
}

extension SocketKind {
    /// The scheme for an address: this kind, unless a PROXY header gave an address of another family.
    fileprivate func fitting(_ address: SocketAddress) -> SocketKind {
        switch address {
        case .ipv4, .ipv6: self == .udp || self == .rds ? self : .tcp
        case .vsock: .vsock
        case .can: .can
        case .unix, .abstract: isUnix ? self : .unixStream
        case .unnamed: self
        }
    }
}
