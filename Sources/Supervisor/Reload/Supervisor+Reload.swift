// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Dispatch
import LinuxSystem
import Reactor
import Records
import Services

extension Supervisor {
    /// Reloads for a control client, which is told the outcome.
    func reload(for caller: ControlRequest) {
        guard shutdown == .serving else { return caller.finish(.failed(.stopping)) }
        // The files may have changed since the reload that is under way has read them.
        if isLoading { nextReloadCallers.append(caller) } else { reloadCallers.append(caller) }
        reload()
    }

    /// Starts reading the configuration; ``loaded()`` continues. SIGHUP while it is read leads to one more read, since the
    /// files may have changed meanwhile.
    func reload() {
        guard shutdown == .serving else { return }
        guard !isLoading else {
            reloadIsWanted = true
            return
        }
        isLoading = true
        notifySystemd("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonic / 1000)")
        do throws(SystemError) {
            try loader.begin()
        } catch {
            finishLoading(.failure(.thread(error)))
        }
    }

    /// Puts the configuration that was read into force, or keeps the old one and records why.
    func loaded() {
        guard let (next, problems) = loader.take() else { return }
        finishLoading(next.map { .success($0) } ?? .failure(.configuration(problems, path: loader.path)))
    }

    private func finishLoading(_ outcome: Result<Configuration, ReloadFailure>) {
        isLoading = false
        // A daemon that was asked to stop meanwhile needs no new configuration.
        guard shutdown == .serving else { return answerReloadCallers(.failed(.stopping)) }
        let answer: ControlRequest.Outcome
        do throws(ReloadFailure) {
            let plan = try apply(try outcome.get())
            lastReload = (Clock.realtime, nil)
            loadTime = Clock.realtime
            answer = .done
            writer.write(.reloaded(plan.counts))
            warnOfDescriptorLimit()
        } catch {
            lastReload = (Clock.realtime, error.message)
            answer = .failed(.reloadFailed(error.report))
            writer.write(.reloadFailed(because: error.message))
        }
        notifySystemd("READY=1\n\(statusAssignment())")
        answerReloadCallers(answer)
        guard reloadIsWanted else { return }
        reloadIsWanted = false
        reload()
    }

    private func answerReloadCallers(_ outcome: ControlRequest.Outcome) {
        for caller in reloadCallers { caller.finish(outcome) }
        reloadCallers = nextReloadCallers
        nextReloadCallers = []
        // Nobody reads the files again for those who wait.
        guard case .failed(.stopping) = outcome, !reloadCallers.isEmpty else { return }
        answerReloadCallers(outcome)
    }

    private func apply(_ loaded: Configuration) throws(ReloadFailure) -> ReloadPlan {
        guard loaded.daemon.lanes == configuration.daemon.lanes else { throw .lanes }
        watchHost(for: loaded)
        var next = loaded
        // Interfaces may have been added or removed since it was read.
        next.follow(interfaceIndex)
        var plan = ReloadPlan(from: configuration, to: next)
        let log: PreparedSinks
        var changes = SocketChanges(listeners.values.flatMap(\.sockets), closing: closing.compactMap(\.socket))
        do throws(ReloadFailure) {
            try prepare(&plan, next, &changes)
            // Last, since a log file that was created is not removed again.
            log = try prepareLog(next)
        } catch {
            changes.rollBack()
            endHostWatchIfIdle()
            throw error
        }
        // Nothing fails from here on.
        writer.apply(log)
        writer.history.setCapacity(next.daemon.history)
        shared.connectionLimit = next.daemon.maxConnections
        configuration = next
        commit(plan, next, changes.sockets)
        setAwaited(changes.awaited)
        watchRoutes()
        endHostWatchIfIdle()
        followControlSettings()
        // Clients that connect after the reload was reported as done must get the new configuration.
        _ = lanes.performOnAllAndWait(timeout: .now() + settleTime) { $0.followLogSettings() }
        return plan
    }

    private func prepareLog(_ next: Configuration) throws(ReloadFailure) -> PreparedSinks {
        do throws(SinkError) {
            return try writer.prepare(next.log.recordSettings)
        } catch {
            throw .log(error)
        }
    }

    /// Opens the new sockets, and applies new settings to those that stay.
    func prepare(
        _ plan: inout ReloadPlan, _ next: Configuration, _ changes: inout SocketChanges
    ) throws(ReloadFailure) {
        // Sockets that this host could not have before are tried again.
        let opening = Set(plan.toOpen).union(missingOnHost.awaited.keys)
        var arrived: Set<String> = []
        defer { plan.rebind(arrived) }
        let before = Dictionary(
            configuration.listeners.flatMap { $0.wantedSockets.map { ($0.key, $0) } },
            uniquingKeysWith: { first, _ in first })
        for settings in next.listeners {
            for wanted in settings.wantedSockets {
                if opening.contains(wanted.key) {
                    do throws(ListenFailure) {
                        if try changes.openOrAwait(wanted, for: settings.name, passed: passed) {
                            arrived.insert(settings.name)
                        }
                    } catch {
                        throw .listener(error)
                    }
                } else if let old = before[wanted.key] {
                    do throws(ListenFailure) {
                        try changes.check(wanted, for: settings.name)
                    } catch {
                        throw .listener(error)
                    }
                    do throws(SystemError) {
                        try changes.change(old, to: wanted)
                    } catch {
                        throw .option(listener: settings.name, error)
                    }
                }
            }
        }
    }

    /// Puts a plan into force: on the lanes, and in the supervisor's state.
    ///
    /// - Parameter tellsNewSocketsOnly: whether a rebound listener has `listening` records of its new sockets only.
    func commit(
        _ plan: ReloadPlan, _ next: Configuration, _ sockets: [SocketKey: [OpenSocket]],
        tellsNewSocketsOnly: Bool = false
    ) {
        let settings = Dictionary(next.listeners.map { ($0.name, $0) }) { first, _ in first }
        var after: [String: ActiveListener] = [:]
        for step in plan.steps {
            guard let settings = settings[step.name] else { continue }
            let old = listeners[step.name]
            if step.change == .unchanged, var same = old {
                // The line numbers of the settings may have changed.
                same.settings = settings
                after[step.name] = same
                continue
            }
            after[step.name] = ActiveListener(
                settings, identifier: old?.current.identifier ?? makeIdentifier(),
                sockets: settings.wantedSockets.flatMap { sockets[$0.key] ?? [] }, following: old)
        }
        let before = listeners
        listeners = after
        let staying = Set(after.values.flatMap { $0.sockets.map { ObjectIdentifier($0.socket) } })
        // A socket may move to another listener: the old one releases it before the new one takes it.
        for step in plan.steps {
            guard let old = before[step.name] else { continue }
            switch step.change {
            case .removed: leave(old, staying: staying)
            case .rebound: releaseSockets(old, step, staying: staying)
            case .added, .changed, .unchanged: break
            }
        }
        if plan.count(.removed) > 0 { confirmRemoval() }
        for step in plan.steps {
            guard let new = after[step.name] else { continue }
            switch step.change {
            case .added: open(new)
            case .changed, .rebound: update(new, step, staying: staying)
            case .removed, .unchanged: break
            }
            if step.change == .added || step.change == .rebound {
                recordListening(new, except: tellsNewSocketsOnly ? before[step.name]?.sockets ?? [] : [])
            }
        }
        for step in plan.steps {
            guard let old = before[step.name] else { continue }
            for address in old.service.dropOverrides(missingIn: after[step.name]?.service) {
                writer.write(.overrideDropped(address, listener: old.current.label))
            }
        }
        closing.removeAll { $0.socket == nil }
        let toClose = Set(plan.toClose)
        for open in before.values.flatMap(\.sockets) where toClose.contains(open.key) {
            open.removeFile()
            closing.append(ClosingSocket(socket: open.socket))
        }
    }

    /// Has the lanes release the sockets that a listener will not keep.
    private func releaseSockets(_ old: ActiveListener, _ step: ReloadPlan.Step, staying: Set<ObjectIdentifier>) {
        guard let new = listeners[step.name] else { return }
        let own = Set(new.sockets.map { ObjectIdentifier($0.socket) })
        let kept = old.sockets.map(\.socket).filter { own.contains(ObjectIdentifier($0)) }
        let current = old.current
        for handle in handles(for: current) {
            handle.perform { $0.update(current, sockets: kept, keepsService: true, staying: staying) }
        }
    }

    private func update(_ new: ActiveListener, _ step: ReloadPlan.Step, staying: Set<ObjectIdentifier>) {
        let current = new.current
        let sockets = new.sockets.map(\.socket)
        let keepsService = step.keepsService
        let accepting = handles(for: current)
        for handle in lanes.handles {
            if accepting.contains(where: { $0 === handle }) {
                handle.perform { $0.update(current, sockets: sockets, keepsService: keepsService, staying: staying) }
            } else {
                handle.perform { $0.stopAccepting(current.identifier, staying: staying) }
            }
        }
    }

    // MARK: - Listeners that were removed

    /// Stops accepting for a removed listener, and gives its connections the drain timeout to end.
    ///
    /// ``confirmRemoval()`` has to follow once for all that a reload removes.
    private func leave(_ listener: ActiveListener, staying: Set<ObjectIdentifier>) {
        let identifier = listener.current.identifier
        endDrain(of: identifier, .removed)
        lanes.performOnAll { $0.stopAccepting(identifier, staying: staying) }
        let timeout = configuration.daemon.drainTimeout
        var withoutSockets = listener
        // Closed as soon as the lanes release them: from then on the kernel refuses clients, and the address is free.
        withoutSockets.sockets = []
        removedListeners[identifier] = RemovedListener(
            listener: withoutSockets, deadline: ShutdownState.time(Clock.monotonic, plus: timeout.nanoseconds),
            heartbeat: heartbeat + 1)
        writer.write(
            .listenerDraining(
                connections: listener.current.connections.value, timeout: DurationText.format(timeout),
                listener: listener.current.label))
    }

    /// Sends the heartbeat by which lanes confirm that they have stopped accepting, and sets the alarm.
    private func confirmRemoval() {
        _ = sendHeartbeat()
        setRemovedListenersAlarm()
    }

    private func setRemovedListenersAlarm() {
        guard let next = removedListeners.values.lazy.map(\.deadline).min() else {
            removedListenersAlarm?.cancel()
            return
        }
        removedListenersAlarm?.set(after: next - min(next, Clock.monotonic))
    }

    /// Called when the drain timeout of a removed listener is over.
    func removedListenersTimedOut() {
        let now = Clock.monotonic
        for identifier in removedListeners.filter({ $0.value.deadline <= now }).keys.sorted() { forget(identifier) }
        setRemovedListenersAlarm()
    }

    /// Forgets the removed listeners whose last connection has ended.
    func forgetEmptyListeners() {
        for (identifier, one) in removedListeners where one.listener.current.connections.value == 0 {
            if haveAnswered(one.heartbeat) { forget(identifier) }
        }
    }

    /// Stops the connections that are left of a removed listener, and forgets it.
    private func forget(_ identifier: Int) {
        guard let one = removedListeners.removeValue(forKey: identifier) else { return }
        if removedListeners.isEmpty { removedListenersAlarm?.cancel() }
        let left = one.listener.current.connections.value
        lanes.performOnAll { $0.stop(identifier, because: .drained, by: .operator) }
        writer.write(.listenerStopped(closed: left, listener: one.listener.current.label))
    }
}

/// A socket that is closed as soon as the last lane releases it.
struct ClosingSocket {
    weak var socket: ListeningSocket?
}

/// A removed listener whose connections may still end by themselves.
struct RemovedListener {
    let listener: ActiveListener
    /// When they are closed, by ``Clock/monotonic``.
    let deadline: UInt64
    /// The heartbeat: lanes that have answered it have stopped accepting.
    let heartbeat: UInt64
}
