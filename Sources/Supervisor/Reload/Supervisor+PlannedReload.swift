// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol
import LinuxSystem
import Reactor
import Records
import Services

/// `reload --dry-run`: what a reload would do, without doing it.
extension Supervisor {
    /// Plans a reload for a control client.
    func planReload(for caller: ControlRequest) {
        guard shutdown == .serving else { return caller.finish(.failed(.stopping)) }
        // The files may have changed since they were read for those that wait already.
        guard planCallers.isEmpty else { return nextPlanCallers.append(caller) }
        planCallers = [caller]
        beginPlanning()
    }

    private func beginPlanning() {
        plannedAfter = loadTime
        do throws(SystemError) {
            try trialLoader.begin(after: configuration)
        } catch {
            finishPlanning(.failed(.reloadFailed(ReloadFailure.thread(error).report)))
        }
    }

    /// Called when the files were read for a plan.
    func planLoaded() {
        guard let outcome = trialLoader.take() else { return }
        guard shutdown == .serving else { return finishPlanning(.failed(.stopping)) }
        // A reload has meanwhile put another configuration in force.
        guard plannedAfter == loadTime else { return beginPlanning() }
        do throws(ReloadFailure) {
            guard let next = outcome.loaded.configuration else {
                throw .configuration(outcome.loaded.problems, path: loader.path)
            }
            let planned = try planned(next)
            guard outcome.obstacles.isEmpty else { throw .host(outcome.obstacles) }
            finishPlanning(planned)
        } catch {
            finishPlanning(.failed(.reloadFailed(error.report)))
        }
    }

    private func finishPlanning(_ outcome: ControlRequest.Outcome) {
        for caller in planCallers { caller.finish(outcome) }
        planCallers = nextPlanCallers
        nextPlanCallers = []
        guard !planCallers.isEmpty else { return }
        guard shutdown == .serving else { return finishPlanning(.failed(.stopping)) }
        beginPlanning()
    }

    /// Goes through what ``apply(_:)`` does before it changes anything.
    private func planned(_ loaded: Configuration) throws(ReloadFailure) -> ControlRequest.Outcome {
        guard loaded.daemon.lanes == configuration.daemon.lanes else { throw .lanes }
        var next = loaded
        next.follow(interfaceIndex)
        var plan = ReloadPlan(from: configuration, to: next)
        var changes = SocketChanges(
            listeners.values.flatMap(\.sockets), closing: closing.compactMap(\.socket), isTrial: true)
        try prepare(&plan, next, &changes)
        let opening = Set(plan.toOpen).union(missingOnHost.awaited.keys).subtracting(changes.awaited.keys)
        let lacks = MissingOnHost(awaited: changes.awaited).waiting
        let settings = Dictionary(next.listeners.map { ($0.name, $0) }) { first, _ in first }
        let closing = Set(plan.toClose)
        let listeners = plan.steps.map { step in
            var change = ListenerChange(step, of: self.listeners[step.name], drainTimeout: next.daemon.drainTimeout)
            change.opens = settings[step.name]?.wantedSockets.filter { opening.contains($0.key) }.map(\.key.text) ?? []
            change.closes =
                self.listeners[step.name]?.sockets.filter { closing.contains($0.key) }.map {
                    RecordedAddress($0.socket.kind, $0.socket.address).description
                } ?? []
            change.waitsFor = lacks.filter { $0.listener == step.name }.map(\.what)
            return change
        }
        return .plan(
            ControlResults.PlanReload(settings: [], listeners: listeners), from: configuration.asShown,
            to: next.asShown)
    }
}

extension Configuration {
    /// With the log destinations that apply without `to`.
    var asShown: Configuration {
        var shown = self
        shown.log.destinations = log.destinationsInForce
        return shown
    }
}

extension ListenerChange {
    /// A step of a plan, without its sockets and settings.
    ///
    /// - Parameter listener: the listener in force; nil if it is new.
    init(_ step: ReloadPlan.Step, of listener: ActiveListener?, drainTimeout: Duration) {
        let kind: Kind =
            switch step.change {
            case .added: .added
            case .removed: .removed
            case .rebound: .rebound
            case .changed: .changed
            case .unchanged: .unchanged
            }
        self.init(name: step.name, change: kind, connections: listener?.current.connections.value ?? 0)
        if step.change == .removed { drainMicroseconds = drainTimeout.nanoseconds / 1000 }
    }
}

extension SocketKey {
    /// The address, as records have it.
    fileprivate var text: String {
        switch self {
        case .bound(let kind, let address, _), .anyPort(let kind, let address, _, _, _):
            RecordedAddress(kind, address).description
        case .group(let address, _): RecordedAddress(.udp, address).description
        case .bus(let address, _, _): RecordedAddress(.can, address).description
        case .passed(let name): "systemd://\(name)"
        }
    }
}
