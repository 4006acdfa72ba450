// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
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

    /// What is behind an error that says little by itself.
    private func reason(_ errno: CInt, over kind: SocketKind) -> String {
        let reason = "\(SystemError.reason(of: errno)) (\(SystemError.symbol(of: errno)))"
        return switch (kind, errno) {
        case (.rds, EAGAIN), (.rds, ENOBUFS): "\(reason): the receiver does not keep up"
        case (.rds, EMSGSIZE):
            "\(reason): it is longer than 1 MiB, or than the socket's buffer, whose size is `net.core.wmem_max`"
        case (.can, ENOBUFS):
            "\(reason): the queue of the interface is full (`ip link set NAME txqueuelen 1000`), or nobody acknowledges"
        case (.can, EINVAL): "\(reason): it is no frame, or one of CAN FD on a bus without it"
        default: reason
        }
    }

    /// The record that tells of losses.
    func record(of kind: Kind, _ count: UInt64, label: ListenerLabel, socket: ListeningSocket) -> DaemonRecord {
        let datagrams = count == 1 ? "1 datagram" : "\(count) datagrams"
        var event = EventKind.lost
        var errno: CInt = 0
        let message: String
        switch kind {
        case .refused:
            event = .refused
            message =
                "refused \(datagrams) of sources that have no flow: \(lastRefusal?.reason ?? "no room")."
                + " Flows end after idle-timeout"
        case .truncated:
            message = "did not deliver \(datagrams): longer than \(DatagramBatch.longest(of: socket.kind)) bytes"
        case .overflow:
            message =
                "the kernel lost \(datagrams) before they could be read: the socket's buffer was full;"
                + " `net.core.rmem_default` is its size"
        case .unsent:
            errno = lastErrno
            message =
                "could not send \(datagrams), the last one because of: \(reason(errno, over: socket.kind))"
        case .broadcast:
            message =
                "did not deliver \(datagrams) to a broadcast address: add `?broadcast=true` to the address of the listener"
                + " to get them"
        case .unanswered:
            message =
                "did not answer \(datagrams): such an answer serves who only pretends to be the source"
                + " (the port of a service that answers too, a broadcast address or group, this daemon itself), or the"
                + " source has no name"
        case .undelivered:
            errno = lastUndelivered.errno
            message =
                "could not pass \(datagrams) on to an upstream, the last one because of:"
                + " \(reason(errno, over: lastUndelivered.kind))"
        case .orphaned:
            message = "did not deliver \(datagrams), whose flow ended before they were looked at; its record says why"
        }
        var fields = [RecordField("datagrams", .integer(count))]
        if kind == .refused, let lastRefusal { fields.append(RecordField("rule", .text(lastRefusal.rule.description))) }
        return DaemonRecord(
            time: Clock.realtime, event, message, listener: label,
            local: RecordedAddress(socket.kind, socket.address), errno: errno, fields: fields)
    }
}
