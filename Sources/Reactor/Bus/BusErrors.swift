// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// The error frames of a CAN listener until records tell of them: of each kind the first at once, further ones together
/// after each ``LossReport/interval``. A bus without a second member brings thousands a second.
struct BusErrors {
    private var reports = [LossReport](repeating: LossReport(), count: CANErrorKind.allCases.count)

    /// The last frame of each kind, and the interface that it came from.
    private var last = [(frame: CANErrorFrame, interface: InterfaceName)?](
        repeating: nil, count: CANErrorKind.allCases.count)

    /// When there is something to say; nil for nothing.
    var next: UInt64? { reports.lazy.compactMap(\.next).min() }

    /// Notes an error frame.
    ///
    /// - Parameter tell: what to tell of now: so many of a kind.
    mutating func note(
        _ frame: CANErrorFrame, from interface: InterfaceName, at now: UInt64,
        _ tell: (CANErrorKind, UInt64, Self) -> Void
    ) {
        for kind in Self.kinds where frame.tells(of: kind) {
            last[kind.rawValue] = (frame, interface)
            if let count = reports[kind.rawValue].note(1, at: now) { tell(kind, count, self) }
        }
    }

    /// Time has passed, or is over: tells of what was not told yet.
    mutating func pass(_ now: UInt64?, _ tell: (CANErrorKind, UInt64, Self) -> Void) {
        for kind in Self.kinds {
            let count = now.map { reports[kind.rawValue].pass($0) } ?? reports[kind.rawValue].end()
            if let count { tell(kind, count, self) }
        }
    }

    // Made once: an error frame is no reason to allocate.
    private static let kinds = CANErrorKind.allCases

    /// The record that tells of a kind of errors; nil if there was none.
    func record(of kind: CANErrorKind, _ count: UInt64, label: ListenerLabel, socket: ListeningSocket) -> DaemonRecord?
    {
        guard let last = last[kind.rawValue] else { return nil }
        return .busErrors(
            count, kind, last: last.frame, from: last.interface, on: socket.recorded, listener: label)
    }
}
