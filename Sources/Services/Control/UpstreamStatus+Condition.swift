// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol
import LinuxSystem
import Records
import Relaying

extension UpstreamStatus {
    /// Adds the last failure, and why the upstream is down.
    mutating func add(_ condition: UpstreamCondition, of kind: SocketKind) {
        lastFailure = condition.lastFailure.map { failure in
            let cause = Cause(failure.cause, kind)
            return UpstreamFailureStatus(
                time: Clock.realtime(of: failure.time) / 1000, attempt: cause.attempt, errno: cause.errno,
                reason: cause.reason)
        }
        outage = condition.outage.map { outage in
            let (failures, cause) =
                switch outage.cause {
                case .connecting(let failures, let errno): (failures, Cause(.connection(errno: errno), kind))
                case .checks(let failures, let last): (failures, Cause(.check(last), kind))
                }
            return OutageStatus(
                since: Clock.realtime(of: outage.since) / 1000, attempt: cause.attempt, failures: failures,
                reason: cause.reason,
                retryMicroseconds: outage.retry.map { Clock.span(from: Clock.monotonic, to: $0) / 1000 })
        }
    }

    private struct Cause {
        let attempt: UpstreamAttempt
        let errno: String?
        let reason: String

        init(_ cause: UpstreamCondition.Failure.Cause, _ kind: SocketKind) {
            switch cause {
            case .connection(let number):
                attempt = .connection
                errno = SystemError.symbol(of: number)
                reason = UpstreamFailure.words(for: number, kind: kind)
            case .check(let failure):
                attempt = .check
                errno =
                    switch failure {
                    case .connect(let number), .broken(let number): SystemError.symbol(of: number)
                    case .closed, .timedOut, .unexpectedAnswer: nil
                    }
                reason = UpstreamOutage.Check(failure, kind: kind).words
            }
        }
    }
}
