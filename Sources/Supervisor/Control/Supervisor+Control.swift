// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol
import Glibc
import LinuxSystem
import Policy
import Reactor
import Records
import Services

extension Supervisor {
    /// How long to wait before the control socket is tried again, in nanoseconds.
    private static let controlRetry: UInt64 = 10_000_000_000

    // MARK: - The socket

    /// Opens the control socket, moves it or closes it, as the configuration says. If it cannot be had, tries again later.
    func followControlSettings() {
        controlAlarm?.cancel()
        guard let wanted = controlSettings else {
            if configuration.daemon.control == .automatic, !controlLacksPlace {
                controlLacksPlace = true
                writer.write(.controlWithoutPlace())
            }
            return control.close()
        }
        guard !control.isOpen(as: wanted) else { return }
        do throws(ControlServer.Failure) {
            try control.open(wanted)
            if controlFailure.take() != nil { writer.write(.controlAvailable(at: TerminalText.safe(wanted.path))) }
        } catch {
            let reason = error.sentence(wanted.path)
            // Once for each reason, however often it is tried.
            if controlFailure != reason {
                writer.write(
                    .controlUnavailable(at: TerminalText.safe(wanted.path), because: reason, errno: error.errno))
            }
            controlFailure = reason
            controlAlarm?.set(after: Self.controlRetry)
        }
    }

    /// What the configuration asks for; nil for no socket.
    private var controlSettings: ControlServer.Settings? {
        let userDirectory = Environment.value(of: "XDG_RUNTIME_DIR")
        let path: String?
        switch configuration.daemon.control {
        case .off: path = nil
        case .path(let written): path = written
        case .automatic:
            path = ControlPath.standard(
                runtimeDirectories: Environment.value(of: "RUNTIME_DIRECTORY"), userDirectory: userDirectory,
                isRoot: geteuid() == 0)
        }
        return path.map {
            ControlServer.Settings(
                path: $0,
                makesDirectory: configuration.daemon.control == .automatic
                    && ControlPath.ownsDirectory(of: $0, userDirectory: userDirectory),
                group: geteuid() == 0 ? configuration.daemon.controlGroup : nil,
                operators: ControlService.Operators(user: geteuid(), group: configuration.daemon.operators))
        }
    }

    // MARK: - Requests

    /// Carries out what control clients have asked for.
    func takeControlRequests() {
        for request in inbox.take() { perform(request) }
    }

    private func perform(_ request: ControlRequest) {
        switch request.work {
        case .status(let name):
            request.finish(status(of: name))
        case .config(let name):
            request.finish(config(of: name))
        case .explain(let client, let name):
            request.finish(explain(client, to: name))
        case .pause(let name):
            setPaused(true, name, for: request)
        case .resume(let name):
            setPaused(false, name, for: request)
        case .drain(let name, let timeout, let spread):
            drain(name, timeout: timeout, spread: spread, for: request)
        case .setUpstream(let upstream, let listener, let state, let weight):
            setUpstream(upstream, of: listener, state, weight, for: request)
        case .resetUpstreams(let upstream, let listener):
            resetUpstreams(upstream, of: listener, for: request)
        case .reload:
            reload(for: request)
        case .planReload:
            planReload(for: request)
        case .reopen:
            writer.reopen()
            request.finish(.done)
        }
    }

    private func setPaused(_ isPaused: Bool, _ name: String, for request: ControlRequest) {
        guard shutdown == .serving else { return request.finish(.failed(.stopping)) }
        guard let listener = listeners[name]?.current else { return request.finish(.failed(.noSuchListener(name))) }
        follow(pause: isPaused, of: listener)
        if !isPaused { endDrain(of: listener.identifier, .resumed) }
        statusChanged()
        // A client that connects after the answer is not accepted any more.
        whenLanesFollow { request.finish(.done) }
    }

    /// Pauses or resumes a listener on all lanes.
    func follow(pause isPaused: Bool, of listener: ListenerInForce) {
        listener.state.isPaused = isPaused
        let identifier = listener.identifier
        lanes.performOnAll { $0.followPause(of: identifier) }
    }

    private func config(of name: String?) -> ControlRequest.Outcome {
        if let name, !configuration.listeners.contains(where: { $0.name == name }) {
            return .failed(.noSuchListener(name))
        }
        return .config(configuration.asShown, listener: name)
    }

    // MARK: - Status

    private func status(of name: String?) -> ControlRequest.Outcome {
        var statuses: [ListenerStatus] = []
        var identifiers: [Int] = []
        let waiting = waiting
        for settings in configuration.listeners where name == nil || settings.name == name {
            guard let listener = listeners[settings.name] else { continue }
            let lacks = waiting.filter { $0.listener == settings.name }.map(\.what)
            let isDraining = shutdown != .serving || drains[listener.current.identifier] != nil
            statuses.append(ListenerStatus(listener, isDraining: isDraining, waitsFor: lacks))
            identifiers.append(listener.current.identifier)
        }
        for (identifier, removed) in removedListeners.sorted(by: { $0.key < $1.key }) {
            guard name == nil || removed.listener.settings.name == name else { continue }
            statuses.append(ListenerStatus(removed.listener, isDraining: true, waitsFor: []))
            identifiers.append(identifier)
        }
        if let name, statuses.isEmpty { return .failed(.noSuchListener(name)) }
        return .status(ControlResults.Status(daemon: daemonStatus, listeners: statuses), identifiers: identifiers)
    }

    private var daemonStatus: DaemonStatus {
        let state: DaemonStatus.State =
            switch shutdown {
            case .serving: .serving
            case .draining: .draining
            case .stopping: .stopping
            }
        var status = DaemonStatus(
            version: Version.text, pid: getpid(), started: startTime / 1000, configuration: loader.path,
            loaded: loadTime / 1000,
            reload: lastReload.map { ReloadOutcome(time: $0.time / 1000, reason: $0.failure) },
            state: state, connections: shared.connections.value, peak: shared.connections.peak,
            limit: configuration.daemon.maxConnections,
            lanes: lanes.handles.map {
                LaneStatus(
                    number: $0.number, connections: $0.connections.value,
                    turns: DurationSpread($0.turnTimes.histogram))
            })
        let levels = writer.levels
        if levels.inForce != levels.configured { status.logLevel = "\(levels.inForce.name)" }
        return status
    }
}

extension ListenerStatus {
    /// A listener as it is now, without the bytes of its open connections.
    fileprivate init(_ listener: ActiveListener, isDraining: Bool, waitsFor lacks: [String]) {
        let current = listener.current
        let isPaused = current.state.isPaused
        self.init(
            name: current.label.name, service: current.label.service,
            state: isDraining ? .draining : isPaused ? .paused : lacks.isEmpty ? .listening : .waiting)
        let totals = current.state.totals.sum
        waitsFor = lacks
        addresses = listener.sockets.map { RecordedAddress($0.socket.kind, $0.socket.address).description }
        connections = current.connections.value
        peak = current.connections.peak
        limit = current.plan.maxConnections
        total = current.state.accepted
        failed = totals.failed
        refused = Refusal.Kind.allCases.compactMap { kind in
            let count = totals.refused(kind)
            return count > 0 ? NamedCount(name: kind.name, count: count) : nil
        }
        bytesIn = totals.bytesIn
        bytesOut = totals.bytesOut
        let moved = totals.datagrams
        if moved.received > 0 || moved.sent > 0 || moved.dropped > 0 {
            datagrams = DatagramCounts(received: moved.received, sent: moved.sent, dropped: moved.dropped)
        }
        if totals.durations.count > 0 { durations = DurationSpread(totals.durations) }
        queue = listener.service.queueStatus
        upstreams = listener.service.upstreamStatus
    }
}
