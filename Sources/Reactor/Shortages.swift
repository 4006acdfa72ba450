// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem
package import Records
import Synchronization

/// The shortages of this host that some lane has met and that are not over yet.
///
/// Concurrency: may be used from every thread. The mutex is taken only after a failed attempt, and when a shortage is
/// checked.
final class Shortages: Sendable {
    /// The key of a report: what is lacking, and towards which upstream.
    struct Subject: Hashable, Sendable {
        let fault: HostFault
        /// The upstream, for a fault that depends on it: ``HostFault/isOfPeer``. nil for a fault that affects every
        /// connection.
        let target: String?

        init(_ fault: HostFault, towards target: String) {
            self.fault = fault
            self.target = fault.isOfPeer ? target : nil
        }
    }

    private let reports = Mutex<[Subject: ShortageReport]>([:])

    init() {}

    /// Counts an attempt that failed because of the shortage.
    ///
    /// - Returns: whether to record it: true for the first one.
    func note(_ subject: Subject, at now: UInt64) -> Bool {
        reports.withLock { $0[subject, default: ShortageReport()].note(at: now) }
    }

    /// Checks at `now` whether a shortage is over, and forgets it if so.
    func check(_ subject: Subject, at now: UInt64) -> ShortageReport.Step {
        reports.withLock { reports in
            let step = reports[subject, default: ShortageReport()].check(at: now)
            if case .over = step { reports[subject] = nil }
            return step
        }
    }
}

extension Lane {
    /// Counts an attempt that failed because this host lacks something.
    ///
    /// Writes a record when the shortage begins, and another when no attempt on any lane has failed for ten seconds.
    ///
    /// - Parameters:
    ///   - error: the kernel's error.
    ///   - target: the upstream that could not be reached, as text.
    ///   - label: the listener on whose behalf the attempt was made.
    package func reportShortage(
        _ fault: HostFault, because error: SystemError, towards target: String, label: ListenerLabel
    ) {
        let subject = Shortages.Subject(fault, towards: target)
        guard shared.shortages.note(subject, at: now) else { return }
        write(.hostLacks(fault, because: error, towards: target, listener: label))
        let watch = ShortageWatch(subject, lane: self)
        add(watch)
        schedule(watch, at: now &+ ShortageReport.quietTime)
    }

    /// Records that a shortage is over.
    fileprivate func shortageEnded(_ subject: Shortages.Subject, _ end: ShortageReport.End) {
        write(
            .shortageEnded(
                subject.fault, quiet: ShortageReport.quietTime, attempts: end.attempts, within: end.nanoseconds,
                towards: subject.target))
    }
}

/// Waits on one lane until a shortage is over.
final class ShortageWatch: Pollable {
    private let subject: Shortages.Subject
    private unowned let lane: Lane

    init(_ subject: Shortages.Subject, lane: Lane) {
        self.subject = subject
        self.lane = lane
        super.init()
    }

    override func deadline(at now: UInt64) -> UInt64? {
        switch lane.shared.shortages.check(subject, at: now) {
        case .wait(let time):
            return time
        case .over(let end):
            lane.shortageEnded(subject, end)
            lane.forget(self)
            return nil
        }
    }
}
