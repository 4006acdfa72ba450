// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem
package import Records
import Synchronization

/// What this host lacks at the moment, as the lanes have met it.
///
/// Concurrency: may be used from every thread; the lock is taken only when an attempt has failed.
final class Shortages: Sendable {
    /// What one report is about.
    struct Subject: Hashable, Sendable {
        let fault: HostFault
        /// The upstream, where another one may be reached meanwhile; nil for what all lack together.
        let target: String?

        init(_ fault: HostFault, towards target: String) {
            self.fault = fault
            self.target = fault.isOfPeer ? target : nil
        }
    }

    private let reports = Mutex<[Subject: ShortageReport]>([:])

    init() {}

    /// An attempt failed for want of this.
    ///
    /// - Returns: whether it is to be told.
    func note(_ subject: Subject, at now: UInt64) -> Bool {
        reports.withLock { $0[subject, default: ShortageReport()].note(at: now) }
    }

    /// Time has passed.
    func pass(_ subject: Subject, _ now: UInt64) -> ShortageReport.Step {
        reports.withLock { reports in
            let step = reports[subject, default: ShortageReport()].pass(now)
            if case .over = step { reports[subject] = nil }
            return step
        }
    }
}

extension Lane {
    /// Notes that an attempt failed for something that this host lacks. Tells of it once, when that begins, and once when
    /// no attempt has failed so for ten seconds, on whatever lane.
    ///
    /// - Parameters:
    ///   - error: what the kernel said.
    ///   - target: what could not be reached, in words: an upstream.
    ///   - label: the listener for which it was to be reached.
    package func lacks(_ fault: HostFault, because error: SystemError, towards target: String, label: ListenerLabel) {
        let subject = Shortages.Subject(fault, towards: target)
        guard shared.shortages.note(subject, at: now) else { return }
        write(.hostLacks(fault, because: error, towards: target, listener: label))
        let watch = ShortageWatch(subject, lane: self)
        enroll(watch)
        schedule(watch, at: now &+ ShortageReport.quietTime)
    }

    /// Tells that the shortage is over.
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
        switch lane.shared.shortages.pass(subject, now) {
        case .wait(let time):
            return time
        case .over(let end):
            lane.shortageEnded(subject, end)
            lane.forget(self)
            return nil
        }
    }
}
