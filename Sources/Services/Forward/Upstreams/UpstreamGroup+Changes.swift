// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying

extension UpstreamGroup {
    /// Says that an upstream went down or came up, and does what follows from it.
    func tell(_ change: UpstreamHealth.Change, of upstream: Upstream, on lane: Lane) {
        let event: EventKind
        let message: String
        switch change {
        case .wentDown(let cause):
            event = .upstreamDown
            message = "\(upstream.recorded) is down: \(Self.words(for: cause, kind: upstream.kind))"
        case .wentUp(let nanoseconds):
            event = .upstreamUp
            message = "\(upstream.recorded) is up again after \(Self.seconds(nanoseconds))"
        }
        lane.write(
            DaemonRecord(
                time: Clock.realtime, event, message, listener: label,
                fields: [RecordField("upstream", .text(upstream.recorded))]))
        lane.noteStatusChange()
        switch change {
        case .wentUp:
            line.serveAll()
        case .wentDown where settings.onDown == .close:
            lane.performOnAll { lane in
                lane.sweep { connection in
                    guard let relayed = connection as? any RelayedConnection, relayed.isRelayed(to: upstream) else {
                        return 0
                    }
                    relayed.upstreamWentDown()
                    return 6
                }
            }
        case .wentDown:
            break
        }
    }

    /// Notes that a member refuses datagrams of a session that no other member can have. It counts against the member, unless
    /// that has other addresses: sessions to come try those.
    ///
    /// - Returns: what the records of the session say.
    func noteRefusal(
        of member: Int, at address: SocketAddress, among addresses: [SocketAddress], errno: CInt, on lane: Lane
    ) -> String {
        let upstream = members[member].upstream
        let words = UpstreamFailure.words(for: errno, kind: upstream.kind)
        guard addresses.count == 1 else {
            upstream.withPreference { $0.refused(address, among: addresses) }
            return "\(RecordedAddress(upstream.kind, address)): \(words)"
        }
        let change = upstream.connectFailed(startedAt: lane.now, at: lane.now, errno: errno)
        if let change { tell(change, of: upstream, on: lane) }
        return "\(upstream.endpoint): \(words)"
    }

    private static func words(for cause: UpstreamHealth.Cause, kind: SocketKind) -> String {
        switch cause {
        case .connecting(let failures, let errno):
            let reason = UpstreamFailure.words(for: errno, kind: kind)
            return "\(failures) connections in a row failed, the last one with \(reason)."
                + " It is tried again from time to time"
        case .checks(let failures, let last):
            return "\(failures) checks in a row failed, the last one because \(words(for: last, kind: kind))"
        }
    }

    private static func words(for failure: CheckFailure, kind: SocketKind) -> String {
        switch failure {
        case .connect(let errno):
            return "it could not be connected to: \(UpstreamFailure.words(for: errno, kind: kind))"
        case .broken(let errno): return "the connection broke: \(SystemError.reason(of: errno))"
        case .closed: return "it closed the connection before it had answered"
        case .timedOut: return "it did not answer in time"
        case .unexpectedAnswer: return "it did not answer what is expected"
        }
    }

    private static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

/// A connection or flow that has an upstream.
protocol RelayedConnection {
    /// Whether it is relayed to this upstream.
    func isRelayed(to upstream: Upstream) -> Bool

    /// Its upstream went down, and it is to end with it.
    func upstreamWentDown()
}
