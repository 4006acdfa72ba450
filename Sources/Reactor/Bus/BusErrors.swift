// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// Counts the error frames of a CAN listener, and decides when to record them.
///
/// The first of each kind is recorded at once, further ones together after each ``LossReport/interval``: a bus without a
/// second node causes thousands a second.
struct BusErrors {
    private var reports = [LossReport](repeating: LossReport(), count: CANErrorKind.allCases.count)

    /// The last frame of each kind, and the interface that it came from.
    private var last = [(frame: CANErrorFrame, interface: InterfaceName)?](
        repeating: nil, count: CANErrorKind.allCases.count)

    /// When the next record may be due; nil for none.
    var next: UInt64? { reports.lazy.compactMap(\.next).min() }

    /// Counts an error frame.
    ///
    /// - Parameter tell: called with what to record now: a kind, and how many.
    mutating func note(
        _ frame: CANErrorFrame, from interface: InterfaceName, at now: UInt64,
        _ tell: (CANErrorKind, UInt64, Self) -> Void
    ) {
        for kind in Self.kinds where frame.reports(kind) {
            last[kind.rawValue] = (frame, interface)
            if let count = reports[kind.rawValue].note(1, at: now) { tell(kind, count, self) }
        }
    }

    /// Calls `tell` with what is due at `now`, or, for nil, with all that is not recorded yet.
    mutating func check(at now: UInt64?, _ tell: (CANErrorKind, UInt64, Self) -> Void) {
        for kind in Self.kinds {
            let count = now.map { reports[kind.rawValue].check(at: $0) } ?? reports[kind.rawValue].takeRest()
            if let count { tell(kind, count, self) }
        }
    }

    // Stored, since `allCases` would allocate for each error frame.
    private static let kinds = CANErrorKind.allCases

    /// Makes the record of errors of a kind; nil if there were none.
    func record(of kind: CANErrorKind, _ count: UInt64, label: ListenerLabel, socket: ListeningSocket) -> DaemonRecord?
    {
        guard let last = last[kind.rawValue] else { return nil }
        return .busErrors(
            count, kind, last: last.frame, from: last.interface, on: socket.recorded, listener: label)
    }
}
