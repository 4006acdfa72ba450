// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc
package import LinuxSystem

/// Why a CAN listener cannot use its interface.
package enum InterfaceWait: Equatable, Sendable {
    /// It is down.
    case down
    /// It was removed.
    case removed
    /// No interface has the name.
    case missing
    /// It is not a CAN interface.
    case notCAN
}

extension DaemonRecord {
    /// rtnetlink(7) is not available, so changes of a CAN interface are not detected.
    package static func interfacesUnwatched(
        because error: SystemError, on address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let hint = error.errno == EAFNOSUPPORT ? "; allow AF_NETLINK in RestrictAddressFamilies= of the unit" : ""
        return DaemonRecord(
            time: time, .warning, "cannot watch the interfaces, so changes are not detected: \(error)\(hint)",
            listener: listener, local: address, errno: error.errno)
    }

    /// The state of a CAN interface cannot be read, or the socket cannot be bound to it.
    package static func interfaceUnusable(
        _ interface: InterfaceName, because error: SystemError, on address: RecordedAddress, listener: ListenerLabel,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .failed, "cannot use the interface \(interface): \(error)", listener: listener, local: address,
            errno: error.errno)
    }

    /// A CAN listener waits for its interface.
    package static func interfaceAwaited(
        _ interface: InterfaceName, _ wait: InterfaceWait, on address: RecordedAddress, listener: ListenerLabel,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let words =
            switch wait {
            case .down:
                "the interface \(interface) is down (bring it up with `ip link set \(interface) up`)"
            case .removed: "the interface \(interface) was removed; waiting for it"
            case .missing:
                "this host has no interface \(interface); waiting for it (`ip link` lists the interfaces)"
            case .notCAN: "the interface \(interface) is not a CAN interface; waiting for one of this name"
            }
        return DaemonRecord(
            time: time, .warning, "\(listener.name) waits: \(words)", listener: listener, local: address)
    }

    /// CAN error frames were received.
    ///
    /// - Parameters:
    ///   - frame: the last one, from `interface`.
    ///   - count: how many of this kind.
    package static func busErrors(
        _ count: UInt64, _ kind: CANErrorKind, last frame: CANErrorFrame, from interface: InterfaceName,
        on address: RecordedAddress, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let words = "\(interface): \(frame.words(for: kind))"
        let message = count == 1 ? words : "\(words) (the last of \(Quantity.grouped(count)) such error frames)"
        return DaemonRecord(
            time: time, .warning, level: kind.isRecovery ? .notice : nil, message, listener: listener, local: address,
            fields: [RecordField("error_frames", .integer(count))])
    }
}
