// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The upper bounds for the bytes of a record in any encoding, reserved before it is encoded.
private enum RecordSize {
    /// For everything that does not depend on names and messages: keys, numbers, times, IP addresses, an error's text.
    static let fixed = 2048

    /// For the key and the number of a further field.
    static let field = 128
}

extension ConnectionRecord {
    /// An upper bound for the bytes of this record in any encoding. An address is written up to three times.
    var mostEncodedBytes: Int {
        var bytes = RecordSize.fixed + listener.mostEncodedBytes + 2 * peer.mostEscapedBytes + local.mostEscapedBytes
        bytes += via?.mostEscapedBytes ?? 0
        switch upstream {
        case .some(let trace):
            bytes += 2 * (trace.upstream?.address.mostEscapedBytes ?? 0)
            for failure in trace.failures { bytes += 2 * (failure.utf8.count + 2) * Escaping.mostGrowth }
        case nil: break
        }
        if case .refused(let refusal) = event { bytes += 2 * refusal.mostReasonBytes }
        return bytes
    }
}

extension DaemonRecord {
    /// An upper bound for the bytes of this record in any encoding.
    var mostEncodedBytes: Int {
        var bytes = RecordSize.fixed + message.utf8.count * Escaping.mostGrowth
        bytes += listener?.mostEncodedBytes ?? 0
        bytes += local?.address.mostEscapedBytes ?? 0
        for field in fields {
            bytes += RecordSize.field + field.name.utf8CodeUnitCount
            if case .text(let text) = field.value { bytes += text.utf8.count * Escaping.mostGrowth }
        }
        return bytes
    }
}

extension SocketAddress {
    /// An upper bound for the bytes of an escaped Unix or interface name; ``RecordSize/fixed`` includes other addresses.
    fileprivate var mostEscapedBytes: Int {
        switch self {
        case .unix(let name), .abstract(let name): name.count * Escaping.mostGrowth
        case .can: InterfaceName.longest * Escaping.mostGrowth
        case .ipv4, .ipv6, .unnamed, .vsock: 0
        }
    }
}
