// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem
package import Records
import Synchronization

/// What this host lacks at the moment, as the lanes have met it.
///
/// Concurrency: may be used from every thread; the lock is taken only when an attempt has failed.
final class Shortages: Sendable {
    private let reports = Mutex([ShortageReport](repeating: ShortageReport(), count: HostFault.allCases.count))

    init() {}

    /// An attempt failed for want of this.
    ///
    /// - Returns: whether it is to be told.
    func note(_ fault: HostFault, at now: UInt64) -> Bool {
        reports.withLock { $0[fault.rawValue].note(at: now) }
    }

    /// Time has passed.
    func pass(_ fault: HostFault, _ now: UInt64) -> ShortageReport.Step {
        reports.withLock { $0[fault.rawValue].pass(now) }
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
        guard shared.shortages.note(fault, at: now) else { return }
        let reason = "\(error.reason) (\(error.symbol))"
        write(
            DaemonRecord(
                time: Clock.realtime, .warning, "\(fault.beginning(reason, target)). \(fault.advice)", listener: label,
                errno: error.errno, fields: [RecordField("lacks", .text(fault.name))]))
        let watch = ShortageWatch(fault, lane: self)
        enroll(watch)
        schedule(watch, at: now &+ ShortageReport.quietTime)
    }

    /// Tells that nothing lacks any more.
    fileprivate func lacksNoLonger(_ fault: HostFault, _ end: ShortageReport.End) {
        let tenths = end.nanoseconds / 100_000_000
        let attempts = end.attempts == 1 ? "1 attempt" : "\(end.attempts) attempts"
        write(
            DaemonRecord(
                time: Clock.realtime, .recovered,
                "\(fault.ending) for \(ShortageReport.quietTime / 1_000_000_000) s: the shortage lasted"
                    + " \(tenths / 10).\(tenths % 10) s, and \(attempts) failed for it",
                fields: [RecordField("lacks", .text(fault.name))]))
    }
}

/// Waits on one lane until a shortage is over.
final class ShortageWatch: Pollable {
    private let fault: HostFault
    private unowned let lane: Lane

    init(_ fault: HostFault, lane: Lane) {
        self.fault = fault
        self.lane = lane
        super.init()
    }

    override func deadline(at now: UInt64) -> UInt64? {
        switch lane.shared.shortages.pass(fault, now) {
        case .wait(let time):
            return time
        case .over(let end):
            lane.lacksNoLonger(fault, end)
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

    /// That it does not lack any more, in words, before "for 10 s".
    fileprivate var ending: String {
        switch self {
        case .localPorts: "no local port was lacking"
        case .descriptors: "no descriptor was lacking"
        case .memory: "no memory was lacking"
        case .buffers: "no buffer was lacking"
        case .watches: "no watch was lacking"
        case .route: "no route was lacking"
        case .sourceAddress: "no address was lacking"
        case .permission: "nothing was forbidden"
        case .unsupported: "no protocol was lacking"
        case .names: "no name was lacking"
        }
    }
}
