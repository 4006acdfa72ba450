// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Why an upstream went down.
package enum UpstreamOutage: Sendable {
    /// This number of connections in a row failed.
    ///
    /// - Parameter last: the error of the last one.
    case connections(Int, last: String)

    /// This number of checks in a row failed.
    case checks(Int, last: Check)

    /// Why a check failed.
    package enum Check: Sendable {
        /// connect(2) failed, with this reason.
        case connect(String)
        /// The connection failed later.
        case broken(errno: CInt)
        /// It was closed before the expected answer.
        case closed
        /// No answer within `timeout`.
        case timedOut
        /// An answer other than the expected one.
        case unexpectedAnswer
    }
}

extension DaemonRecord {
    /// An upstream went down: it gets no connections except trials.
    package static func upstreamDown(
        _ upstream: String, because outage: UpstreamOutage, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let words =
            switch outage {
            case .connections(let failures, let last):
                "\(Quantity.text(failures, "failed connection")) in a row, last error: \(last). Retrying from time to time"
            case .checks(let failures, let last):
                "\(Quantity.text(failures, "failed check")) in a row, last error: \(last.words)"
            }
        return DaemonRecord(
            time: time, .upstreamDown, "\(upstream) is down: \(words)", listener: listener,
            fields: [RecordField("upstream", .text(upstream))])
    }

    /// An upstream gets connections again.
    ///
    /// - Parameter span: how long it was down, in nanoseconds.
    package static func upstreamUp(
        _ upstream: String, after span: UInt64, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .upstreamUp, "\(upstream) is up again after \(Quantity.seconds(span))", listener: listener,
            fields: [RecordField("upstream", .text(upstream))])
    }

    /// What an operator had set for an upstream is no longer in force, since a reload has removed the upstream.
    package static func overrideDropped(
        _ upstream: String, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "what an operator had set for \(upstream) is dropped: the reload has removed this upstream. If it is added again,"
                + " it gets connections as the configuration says", listener: listener,
            fields: [RecordField("upstream", .text(upstream))])
    }

    /// The name of an upstream cannot be resolved. Written once, when the condition begins.
    ///
    /// - Parameter hasAddresses: whether addresses of an earlier look-up are in use.
    package static func nameUnresolved(
        _ name: String, because reason: String, hasAddresses: Bool, listener: ListenerLabel,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let consequence =
            hasAddresses
            ? "Its last addresses stay in use, and the look-up is repeated"
            : "Clients wait for an address up to connect-timeout"
        return DaemonRecord(
            time: time, .warning,
            "cannot resolve the name \(name): \(reason). \(consequence); check that the name server answers (`getent ahosts"
                + " \(name)`)", listener: listener)
    }

    /// The name of an upstream can be resolved after ``nameUnresolved(_:because:hasAddresses:listener:time:)``.
    package static func nameResolved(
        _ name: String, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(time: time, .recovered, "the name \(name) can be resolved again", listener: listener)
    }
}

extension UpstreamOutage.Check {
    /// The failure in words: `no answer within timeout`.
    package var words: String {
        switch self {
        case .connect(let reason): "connect failed: \(reason)"
        case .broken(let number): "connection failed: \(SystemError("read", errno: number).words)"
        case .closed: "closed before answering"
        case .timedOut: "no answer within timeout"
        case .unexpectedAnswer: "unexpected answer"
        }
    }
}
