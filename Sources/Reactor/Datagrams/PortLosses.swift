// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// The datagrams of a port that came to nothing, by what became of them, until records tell of them.
struct PortLosses {
    /// What became of a datagram.
    enum Kind: Int, CaseIterable {
        /// Its source is new, and there may be no more flows.
        case refused
        /// It was longer than any that is taken.
        case truncated
        /// The kernel had no room for it.
        case overflow
        /// It is an answer that the kernel did not take.
        case unsent
        /// It went to a broadcast address, which the listener does not want.
        case broadcast
        /// It was not answered: see ``Flow/keepQuiet(_:)``.
        case unanswered
        /// It was to go on to an upstream, whose socket did not take it.
        case undelivered
        /// Its flow ended before it was looked at.
        case orphaned

        /// Whether no flow counts it.
        var isOfNoFlow: Bool {
            switch self {
            case .refused, .overflow, .broadcast: true
            case .truncated, .unsent, .unanswered, .undelivered, .orphaned: false
            }
        }
    }

    /// Why, with what only the last one tells.
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

    /// When there is something to say; nil for nothing.
    var next: UInt64? { reports.lazy.compactMap(\.next).min() }

    /// Notes losses.
    ///
    /// - Returns: how many to tell of now.
    mutating func note(_ cause: Cause, _ count: UInt64, at now: UInt64) -> UInt64? {
        switch cause {
        case .refused(let refusal): lastRefusal = refusal
        case .unsent(let errno): lastErrno = errno
        case .undelivered(let errno, let kind): lastUndelivered = (errno, kind)
        case .truncated, .overflow, .broadcast, .unanswered, .orphaned: break
        }
        return reports[cause.kind.rawValue].note(count, at: now)
    }

    /// The record that tells of losses.
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
