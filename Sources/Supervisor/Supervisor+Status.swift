// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Services

extension Supervisor {
    /// The least time between two `STATUS=`, in nanoseconds.
    private static let statusInterval: UInt64 = 1_000_000_000

    /// The line for `systemctl status`, as things stand.
    var statusLine: StatusLine {
        let doing: StatusLine.Doing
        switch shutdown {
        case .serving: doing = .serving(reloaded: lastReload?.time, failure: lastReload?.failure)
        case .draining(let end): doing = .draining(seconds: Clock.span(from: Clock.monotonic, to: end) / 1_000_000_000)
        case .stopping: doing = .stopping
        }
        return StatusLine(
            listeners: listeners.count, connections: shared.connections.value,
            waiting: waiting.map { StatusLine.Waiting(listener: $0.listener, reason: "\($0.what), waiting") },
            down: configuration.listeners.compactMap { settings in
                guard let counts = listeners[settings.name]?.service.upstreamCounts, counts.down > 0 else { return nil }
                return StatusLine.Down(listener: settings.name, down: counts.down, all: counts.all)
            },
            doing: doing)
    }

    /// What listeners wait for: buses, of which the lanes know, and what this host lacks.
    var waiting: [(listener: String, what: String)] {
        shared.awaited.map { (listener: $0.listener, what: $0.what) } + lacks.waiting
    }

    /// The same as an assignment, for a message that says more.
    func statusAssignment() -> String {
        let line = statusLine.text
        statusSent = (line, Clock.monotonic)
        return "STATUS=\(line)"
    }

    /// The number of connections has changed: says so now, or when a second has passed since the last time, which may
    /// have been a moment ago for another reason.
    func statusChanged() {
        guard let sent = statusSent, statusAlarm?.isSet == false else { return }
        let due = sent.time &+ Self.statusInterval
        let now = Clock.monotonic
        if due <= now { sendStatus() } else { statusAlarm?.set(after: Clock.span(from: now, to: due)) }
    }

    /// Sends the status if it is another one than the last. What changes from now on is told again, so what has changed
    /// until now is looked at here.
    func sendStatus() {
        if case .serving = shutdown {
            shared.acknowledgeChange()
            forgetEmptyListeners()
        }
        let line = statusLine.text
        guard line != statusSent?.line else { return }
        tell(statusAssignment())
    }

    // MARK: - Records

    /// Writes a record of the daemon.
    func write(_ event: EventKind, _ message: String, listener: ActiveListener? = nil, errno: CInt = 0) {
        writer.write(
            DaemonRecord(
                time: Clock.realtime, event, message, listener: listener?.current.label, errno: errno))
    }

    /// Says where a listener listens, with the ports that the kernel chose. What waits for its interface says so itself.
    func recordListening(_ listener: ActiveListener, except known: [OpenSocket] = []) {
        for open in listener.sockets where !open.socket.waitsForInterface {
            if known.contains(where: { $0.socket === open.socket }) { continue }
            tellListening(listener, open)
        }
    }

    /// Says that a listener listens on a socket, and what else there is to say of it.
    func tellListening(_ listener: ActiveListener, _ open: OpenSocket, _ words: String? = nil) {
        let address = RecordedAddress(open.socket.kind, open.socket.address)
        let more = words.map { ": \($0)" } ?? ""
        writer.write(
            DaemonRecord(
                time: Clock.realtime, .listening,
                "\(listener.settings.name) listens on \(address) for \(listener.settings.service.name)\(more)",
                listener: listener.current.label, local: address))
    }

    /// Says that the daemon has started, and what may go wrong with it later.
    func recordStart() {
        let counts = StatusLine.count(listeners.count, "listener")
        let laneCount = StatusLine.count(lanes.handles.count, "lane")
        write(.started, "usherd \(Version.text) serves \(counts) on \(laneCount), with \(loader.path)")
        warnOfDescriptorLimit()
        for name in passed.untaken {
            write(.warning, "systemd passed a socket \(name) that no listener takes: listen on systemd://\(name)")
        }
    }

    /// Says that there may be more connections than descriptors, if so.
    func warnOfDescriptorLimit() {
        let needed = configuration.descriptorsNeeded
        if needed > descriptorLimit {
            write(
                .warning,
                "max-connections is \(configuration.daemon.maxConnections), but the process may have only \(descriptorLimit) descriptors: raise"
                    + " LimitNOFILE= of the unit, or ulimit -n, to \(needed), or lower max-connections")
        }
    }
}
