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
        let reason = "\(error.reason) (\(error.symbol))"
        write(
            DaemonRecord(
                time: Clock.realtime, .warning, "\(fault.beginning(reason, target)). \(fault.advice)", listener: label,
                errno: error.errno, fields: [RecordField("lacks", .text(fault.name))]))
        let watch = ShortageWatch(subject, lane: self)
        enroll(watch)
        schedule(watch, at: now &+ ShortageReport.quietTime)
    }

    /// Tells that the shortage is over.
    fileprivate func shortageEnded(_ subject: Shortages.Subject, _ end: ShortageReport.End) {
        let fault = subject.fault
        let tenths = end.nanoseconds / 100_000_000
        let attempts = end.attempts == 1 ? "1 attempt" : "\(end.attempts) attempts"
        let target = subject.target.map { " towards \($0)" } ?? ""
        write(
            DaemonRecord(
                time: Clock.realtime, .recovered,
                "for \(ShortageReport.quietTime / 1_000_000_000) s no attempt has failed for want of \(fault.want)\(target);"
                    + " \(attempts) had, within \(tenths / 10).\(tenths % 10) s",
                fields: [RecordField("lacks", .text(fault.name))]))
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

extension HostFault {
    /// The value of the field `lacks`.
    var name: String {
        switch self {
        case .localPorts: "local-ports"
        case .descriptors: "descriptors"
        case .memory: "memory"
        case .buffers: "buffers"
        case .watches: "watches"
        case .route: "route"
        case .sourceAddress: "source-address"
        case .permission: "permission"
        case .unsupported: "protocol"
        case .names: "names"
        }
    }

    /// That it lacks, in words.
    fileprivate func beginning(_ reason: String, _ target: String) -> String {
        switch self {
        case .localPorts: "this host has no free local port towards \(target): \(reason)"
        case .descriptors: "no descriptor is free to connect to \(target): \(reason)"
        case .memory: "the kernel has no memory to connect to \(target): \(reason)"
        case .buffers: "the kernel has no buffer to connect to \(target): \(reason)"
        case .watches: "the kernel watches no more descriptors for this user, needed for \(target): \(reason)"
        case .route: "this host has no route to \(target): \(reason)"
        case .sourceAddress: "this host does not have the address from which to reach \(target): \(reason)"
        case .permission: "this host does not permit to connect to \(target): \(reason)"
        case .unsupported: "this host cannot speak the protocol of \(target): \(reason)"
        case .names: "the name service does not answer for \(target): \(reason)"
        }
    }

    /// What to do about it.
    fileprivate var advice: String {
        switch self {
        case .localPorts:
            "Clients wait until one is free; widen `net.ipv4.ip_local_port_range`, or give the upstream more addresses"
        case .descriptors:
            "Clients wait until one is free; raise LimitNOFILE= of the unit (EMFILE) or `fs.file-max` (ENFILE), or lower"
                + " max-connections"
        case .memory, .buffers:
            "Clients wait until there is some; see `free` and `net.ipv4.tcp_mem`, or lower max-connections"
        case .watches: "Clients wait until one is free; raise `fs.epoll.max_user_watches`"
        case .route: "It does not count against the upstream; `ip route get ADDRESS` shows the way"
        case .sourceAddress: "It does not count against the upstream; see `source` and `ip address`"
        case .permission:
            "It does not count against the upstream; see the firewall, IPAddressDeny= and RestrictAddressFamilies= of the"
                + " unit, and the security modules"
        case .unsupported:
            "It does not count against the upstream; see the kernel's modules, and RestrictAddressFamilies= of the unit"
        case .names: "It does not count against the upstream; see resolv.conf(5)"
        }
    }

    /// What it lacked, in words, behind "for want of".
    fileprivate var want: String {
        switch self {
        case .localPorts: "a local port"
        case .descriptors: "a descriptor"
        case .memory: "memory"
        case .buffers: "a buffer"
        case .watches: "a watch of epoll"
        case .route: "a route"
        case .sourceAddress: "a source address"
        case .permission: "permission"
        case .unsupported: "the protocol"
        case .names: "an answer of the name service"
        }
    }
}
