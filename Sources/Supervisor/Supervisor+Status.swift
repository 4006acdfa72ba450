// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Services

extension Supervisor {
    /// The least time between two `STATUS=`, in nanoseconds.
    private static let statusInterval: UInt64 = 1_000_000_000

    /// The line for `systemctl status`, as it is now.
    var statusLine: StatusLine {
        let phase: StatusLine.Phase
        switch shutdown {
        case .serving: phase = .serving(reloaded: lastReload?.time, failure: lastReload?.failure)
        case .draining(let end): phase = .draining(seconds: Clock.span(from: Clock.monotonic, to: end) / 1_000_000_000)
        case .stopping: phase = .stopping
        }
        return StatusLine(
            listeners: listeners.count, connections: shared.connections.value,
            waiting: waiting.map { StatusLine.Waiting(listener: $0.listener, reason: "\($0.what), waiting") } + paused,
            down: configuration.listeners.compactMap { settings in
                guard let counts = listeners[settings.name]?.service.upstreamCounts, counts.down + counts.withdrawn > 0
                else { return nil }
                return StatusLine.Down(
                    listener: settings.name, down: counts.down, all: counts.all, withdrawn: counts.withdrawn)
            },
            phase: phase)
    }

    /// The listeners that an operator has paused or drains.
    private var paused: [StatusLine.Waiting] {
        listeners.values.filter(\.current.state.isPaused).sorted { $0.settings.name < $1.settings.name }.map {
            let isDraining = drains[$0.current.identifier] != nil
            return StatusLine.Waiting(listener: $0.settings.name, reason: isDraining ? "draining" : "paused")
        }
    }

    /// What listeners wait for: the interfaces of buses, which the lanes watch, and what this host lacks.
    var waiting: [(listener: String, what: String)] {
        shared.awaited.map { (listener: $0.listener, what: $0.what) } + missingOnHost.waiting
    }

    /// The status line as an assignment, for a message that has others too. The line counts as sent.
    func statusAssignment() -> String {
        let line = statusLine.text
        statusSent = (line, Clock.monotonic)
        return "STATUS=\(line)"
    }

    /// Called when the status may have changed: sends it now, or one second after it was last sent.
    func statusChanged() {
        guard let sent = statusSent, statusAlarm?.isSet == false else { return }
        let due = sent.time &+ Self.statusInterval
        let now = Clock.monotonic
        if due <= now { sendStatus() } else { statusAlarm?.set(after: Clock.span(from: now, to: due)) }
    }

    /// Sends the status if it differs from the last one.
    ///
    /// Changes from now on are reported again, so all changes until now have to be in this line.
    func sendStatus() {
        if case .serving = shutdown {
            shared.acknowledgeChange()
            forgetEmptyListeners()
        }
        let line = statusLine.text
        guard line != statusSent?.line else { return }
        notifySystemd(statusAssignment())
    }

    // MARK: - Records

    /// Records where a listener listens, with the ports that the kernel chose. A lane does so for a socket that waits for
    /// its interface.
    func recordListening(_ listener: ActiveListener, except known: [OpenSocket] = []) {
        for open in listener.sockets where !open.socket.waitsForInterface {
            if known.contains(where: { $0.socket === open.socket }) { continue }
            recordListening(listener, on: open)
        }
    }

    /// Writes that a listener listens on a socket.
    func recordListening(_ listener: ActiveListener, on open: OpenSocket, because cause: ListeningCause? = nil) {
        let address = RecordedAddress(open.socket.kind, open.socket.address)
        writer.write(.listening(on: address, because: cause, listener: listener.current.label))
    }

    /// Records the start, and warns of a low descriptor limit and of passed sockets that no listener uses.
    func recordStart() {
        writer.write(
            .started(
                version: Version.text, listeners: listeners.count, lanes: lanes.handles.count, path: loader.path))
        warnOfDescriptorLimit()
        for name in passed.untaken { writer.write(.passedSocketUnused(name)) }
    }

    /// Warns if the connections that are allowed may need more descriptors than the limit.
    func warnOfDescriptorLimit() {
        let needed = configuration.descriptorsNeeded
        if needed > descriptorLimit {
            writer.write(
                .descriptorLimitLow(
                    maxConnections: configuration.daemon.maxConnections, limit: descriptorLimit, needed: needed))
        }
    }
}
