// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Relaying

extension UpstreamGroup {
    /// Logs that an upstream went down or came up, and wakes waiting connections or closes relayed ones.
    func logChange(_ change: UpstreamHealth.Change, of upstream: Upstream, on lane: Lane) {
        switch change {
        case .wentDown(let cause):
            let outage = UpstreamOutage(cause, kind: upstream.kind)
            lane.write(.upstreamDown(upstream.recorded, because: outage, listener: label))
        case .wentUp(let nanoseconds):
            lane.write(.upstreamUp(upstream.recorded, after: nanoseconds, listener: label))
        }
        lane.noteStatusChange()
        switch change {
        case .wentUp:
            queue.serveAll()
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

    /// Counts a refusal by a member for a session that no other member can take over.
    ///
    /// If the member has several addresses, it does not count as a failure: the next sessions try another address.
    ///
    /// - Returns: the text for the records of the session.
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
        if let change { logChange(change, of: upstream, on: lane) }
        return "\(upstream.endpoint): \(words)"
    }
}

extension UpstreamOutage {
    /// Makes the cause for a record.
    fileprivate init(_ cause: UpstreamHealth.Cause, kind: SocketKind) {
        switch cause {
        case .connecting(let failures, let errno):
            self = .connections(failures, last: UpstreamFailure.words(for: errno, kind: kind))
        case .checks(let failures, let last):
            self = .checks(failures, last: Check(last, kind: kind))
        }
    }
}

extension UpstreamOutage.Check {
    /// Makes the failure for a record or a status.
    init(_ failure: CheckFailure, kind: SocketKind) {
        switch failure {
        case .connect(let errno): self = .connect(UpstreamFailure.words(for: errno, kind: kind))
        case .broken(let errno): self = .broken(errno: errno)
        case .closed: self = .closed
        case .timedOut: self = .timedOut
        case .unexpectedAnswer: self = .unexpectedAnswer
        }
    }
}

/// A connection or flow that may have an upstream.
protocol RelayedConnection {
    /// Whether it is relayed to this upstream.
    func isRelayed(to upstream: Upstream) -> Bool

    /// Closes the session because its upstream went down (`on-down = "close"`).
    func upstreamWentDown()
}
