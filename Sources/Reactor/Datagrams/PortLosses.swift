// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// Counts dropped datagrams by cause until the next `lost` record.
struct PortLosses {
    /// Why a datagram was dropped.
    enum Kind: Int, CaseIterable {
        /// Its source is new, and admission refused another flow.
        case refused
        /// It was longer than ``DatagramBatch/longest(of:)``, so its end is missing.
        case truncated
        /// The receive buffer of the socket was full: the kernel has dropped it.
        case overflow
        /// An answer that the kernel did not take.
        case unsent
        /// It went to a broadcast address or a group, and the listener does not accept those.
        case broadcast
        /// It was not answered: see ``Flow/dropUnanswered(_:)``.
        case unanswered
        /// It was not delivered: the kernel did not take it for the upstream.
        case undelivered
        /// Its flow ended before it was processed.
        case orphaned

        /// Whether no flow counts it.
        var isCountedByNoFlow: Bool {
            switch self {
            case .refused, .overflow, .broadcast: true
            case .truncated, .unsent, .unanswered, .undelivered, .orphaned: false
            }
        }
    }

    /// The cause, with details of which only the last ones are recorded.
    enum Cause {
        case refused(Refusal)
        case truncated
        case overflow
        case unsent(CInt)
        case broadcast
        case unanswered
        case undelivered(CInt, SocketKind)
        case orphaned

        var kind: Kind {
            switch self {
            case .refused: .refused
            case .truncated: .truncated
            case .overflow: .overflow
            case .unsent: .unsent
            case .broadcast: .broadcast
            case .unanswered: .unanswered
            case .undelivered: .undelivered
            case .orphaned: .orphaned
            }
        }
    }

    private var reports = [LossReport](repeating: LossReport(), count: Kind.allCases.count)
    private var lastRefusal: Refusal?
    private var lastErrno: CInt = 0
    private var lastUndelivered: (errno: CInt, kind: SocketKind) = (0, .udp)

    subscript(kind: Kind) -> LossReport {
        get { reports[kind.rawValue] }
        set { reports[kind.rawValue] = newValue }
    }

    /// When the next record may be due; nil for none.
    var next: UInt64? { reports.lazy.compactMap(\.next).min() }

    /// Counts losses.
    ///
    /// - Returns: how many to record now; nil for none.
    mutating func note(_ cause: Cause, _ count: UInt64, at now: UInt64) -> UInt64? {
        switch cause {
        case .refused(let refusal): lastRefusal = refusal
        case .unsent(let errno): lastErrno = errno
        case .undelivered(let errno, let kind): lastUndelivered = (errno, kind)
        case .truncated, .overflow, .broadcast, .unanswered, .orphaned: break
        }
        return reports[cause.kind.rawValue].note(count, at: now)
    }

    /// Makes the record of losses.
    func record(of kind: Kind, _ count: UInt64, label: ListenerLabel, socket: ListeningSocket) -> DaemonRecord {
        let losses = DatagramLosses(count, on: socket.recorded, listener: label)
        return switch kind {
        case .refused: .flowsRefused(losses, for: lastRefusal)
        case .truncated: .datagramsTooLong(losses, longest: DatagramBatch.longest(of: socket.kind))
        case .overflow: .receiveBufferFull(losses)
        case .unsent: .repliesUnsent(losses, errno: lastErrno, over: socket.kind)
        case .broadcast: .broadcastsDropped(losses)
        case .unanswered: .datagramsUnanswered(losses)
        case .undelivered:
            .datagramsUnrelayed(losses, errno: lastUndelivered.errno, over: lastUndelivered.kind)
        case .orphaned: .datagramsOfEndedFlows(losses)
        }
    }
}
