// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

extension Supervisor {
    /// Starts watching the interfaces and addresses of this host, if a configuration depends on them.
    ///
    /// Called before its sockets are opened, so that no change is missed.
    func watchHost(for configuration: Configuration) {
        guard hostWatch == nil, configuration.listeners.contains(where: \.dependsOnHost) else { return }
        do throws(SystemError) {
            hostWatch = try HostWatch(on: queue) { [unowned self] in hostChanged() }
        } catch {
            return hostWatchFailed(error)
        }
        if hostWatchAlarm?.isSet == true {
            hostWatchAlarm?.cancel()
            writer.write(.hostWatched())
        }
        do throws(SystemError) {
            hostState = try HostState.current()
        } catch {
            // With no known state, no address counts as lost.
            hostState = HostState()
            hostWatch?.retryLater()
        }
    }

    /// Stops watching the host, if the configuration in force does not depend on it.
    func endHostWatchIfIdle() {
        guard !configuration.listeners.contains(where: \.dependsOnHost) else { return }
        hostWatch = nil
        hostWatchAlarm?.cancel()
    }

    private func hostWatchFailed(_ error: SystemError) {
        // A sandbox refuses for good. Descriptors and memory become free again, and no event announces that: retry.
        let isForbidden = [EAFNOSUPPORT, EPROTONOSUPPORT, EACCES, EPERM].contains(error.errno)
        let isKnown = hostWatchAlarm?.isSet == true
        if !isForbidden { hostWatchAlarm?.set(after: HostWatch.retryPause) }
        if isKnown { return }
        writer.write(.hostUnwatched(because: error, retries: !isForbidden))
    }

    /// Tries again to watch the host; if it can, handles what has changed meanwhile.
    func retryWatchingHost() {
        guard shutdown == .serving else { return }
        // A set alarm means that the warning was written: set it again, so that the next failure writes none.
        hostWatchAlarm?.set(after: HostWatch.retryPause)
        watchHost(for: configuration)
        if hostWatch != nil { hostChanged() }
    }

    /// Called when interfaces or addresses have changed, or a route that a group waits for.
    ///
    /// Opens the sockets that can be opened now, and binds again those of an interface that was removed or renamed. Every
    /// other socket stays, and so does each connection.
    func hostChanged() {
        guard shutdown == .serving else { return }
        let now: HostState
        do throws(SystemError) {
            now = try HostState.current()
        } catch {
            // EMFILE, ENOBUFS: the state of the host is unknown.
            hostWatch?.retryLater()
            return
        }
        let plan = HostPlan(configuration, missing: missingOnHost, from: hostState, to: now, index: interfaceIndex)
        hostState = now
        carryOut(plan)
        noteAddresses(plan)
        joinGroups(plan)
        watchRoutes()
        statusChanged()
    }

    /// Sets the sockets that cannot be opened yet, and records those that are new or have another cause.
    func setAwaited(_ awaited: [SocketKey: ListenFailure]) {
        let before = missingOnHost.awaited
        missingOnHost.awaited = awaited
        let news = awaited.filter { before[$0.key]?.cause != $0.value.cause }
        for (key, failure) in news.sorted(by: { ($0.value.listener, $0.key.host) < ($1.value.listener, $1.key.host) }) {
            writer.write(
                .listenerWaits(
                    failure.listener, for: key.message(for: failure), errno: failure.errno,
                    listener: listeners[failure.listener]?.current.label))
        }
        // No event announces that descriptors are free, or that another process has released an address.
        if awaited.contains(where: { !$0.value.isAwaited }) { hostWatch?.retryLater() }
    }

    /// Forgets what removed sockets lacked, and watches the routes as long as a group waits for one.
    func watchRoutes() {
        missingOnHost.retain(only: Set(listeners.values.flatMap { $0.sockets.map(\.key) }))
        hostWatch?.watchRoutes(missingOnHost.waitsForRoute)
    }

    private func carryOut(_ plan: HostPlan) {
        var changes = plan.changes
        guard !plan.toOpen.isEmpty || !changes.toClose.isEmpty else { return }
        var sockets = SocketChanges(listeners.values.flatMap(\.sockets), closing: closing.compactMap(\.socket))
        var awaited: [SocketKey: ListenFailure] = [:]
        var arrived: Set<String> = []
        for settings in plan.next.listeners {
            for wanted in settings.wantedSockets where plan.toOpen.contains(wanted.key) {
                do throws(ListenFailure) {
                    try sockets.open(wanted, for: settings.name, passed: passed)
                    arrived.insert(settings.name)
                } catch {
                    awaited[wanted.key] = error
                }
            }
        }
        changes.rebind(arrived)
        configuration = plan.next
        if !changes.toClose.isEmpty || !arrived.isEmpty {
            commit(changes, plan.next, sockets.sockets, tellsNewSocketsOnly: true)
        }
        setAwaited(awaited)
    }

    // MARK: - Sockets that stay

    private func noteAddresses(_ plan: HostPlan) {
        for (listener, open) in socketsInForce(plan.lost) {
            missingOnHost.withoutAddress[open.key] = listener.settings.name
            let address = RecordedAddress(open.socket.kind, open.socket.address)
            writer.write(.addressRemoved(open.key.host, of: address, listener: listener.current.label))
        }
        for (listener, open) in socketsInForce(plan.returned) {
            missingOnHost.withoutAddress[open.key] = nil
            recordListening(listener, on: open, because: .addressAdded)
        }
    }

    /// Joins the groups again whose interface, which the kernel chose, was removed.
    private func joinGroups(_ plan: HostPlan) {
        for (listener, open) in socketsInForce(plan.groups) {
            let left = plan.removedInterfaces.filter { open.socket.leaveGroup(on: $0) }
            guard !left.isEmpty || missingOnHost.unjoined[open.key] != nil else { continue }
            do throws(SystemError) {
                try open.socket.joinGroup()
                missingOnHost.unjoined[open.key] = nil
                recordListening(listener, on: open, because: .groupJoined)
            } catch {
                guard missingOnHost.unjoined.updateValue(listener.settings.name, forKey: open.key) == nil else {
                    continue
                }
                let address = RecordedAddress(open.socket.kind, open.socket.address)
                writer.write(.groupUnreachable(address, because: error, listener: listener.current.label))
            }
        }
    }

    private func socketsInForce(_ keys: Set<SocketKey>) -> [(listener: ActiveListener, open: OpenSocket)] {
        guard !keys.isEmpty else { return [] }
        return configuration.listeners.compactMap { listeners[$0.name] }.flatMap { listener in
            listener.sockets.filter { keys.contains($0.key) }.map { (listener, $0) }
        }
    }
}
