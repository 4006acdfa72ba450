// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Reactor
import Records

extension Supervisor {
    /// Begins to watch the interfaces and addresses of this host, if a configuration needs it. Called before its sockets are
    /// opened, so that no change is missed.
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
            // Nothing is known yet, so nothing counts as lost.
            hostState = HostState()
            hostWatch?.retryLater()
        }
    }

    /// Watches the host no more where the configuration in force does not need it.
    func endHostWatchIfIdle() {
        guard !configuration.listeners.contains(where: \.dependsOnHost) else { return }
        hostWatch = nil
        hostWatchAlarm?.cancel()
    }

    private func hostWatchFailed(_ error: SystemError) {
        // What a sandbox forbids stays forbidden; descriptors and memory come back, which no event tells.
        let isForbidden = [EAFNOSUPPORT, EPROTONOSUPPORT, EACCES, EPERM].contains(error.errno)
        let isKnown = hostWatchAlarm?.isSet == true
        if !isForbidden { hostWatchAlarm?.set(after: HostWatch.retryPause) }
        if isKnown { return }
        writer.write(.hostUnwatched(because: error, retries: !isForbidden))
    }

    /// Tries again to watch the host, and looks at what has changed meanwhile.
    func retryWatchingHost() {
        guard shutdown == .serving else { return }
        // The alarm that has fired stands for the warning until the watch begins.
        hostWatchAlarm?.set(after: HostWatch.retryPause)
        watchHost(for: configuration)
        if hostWatch != nil { hostChanged() }
    }

    /// An interface or an address has come or gone, or a route that a group waits for: opens what can be had now, and binds
    /// anew what is bound to an interface that is gone or has another name. Every other socket, and each connection, stays.
    func hostChanged() {
        guard shutdown == .serving else { return }
        let now: HostState
        do throws(SystemError) {
            now = try HostState.current()
        } catch {
            // EMFILE, ENOBUFS: nothing is known, so nothing is decided.
            hostWatch?.retryLater()
            return
        }
        let plan = HostPlan(configuration, lacking: lacks, from: hostState, to: now, index: interfaceIndex)
        hostState = now
        carryOut(plan)
        noteAddresses(plan)
        joinGroups(plan)
        watchRoutes()
        statusChanged()
    }

    /// Notes the sockets that cannot be opened yet, and tells of those of which that is news.
    func setAwaited(_ awaited: [SocketKey: ListenFailure]) {
        let before = lacks.awaited
        lacks.awaited = awaited
        let news = awaited.filter { before[$0.key]?.cause != $0.value.cause }
        for (key, failure) in news.sorted(by: { ($0.value.listener, $0.key.host) < ($1.value.listener, $1.key.host) }) {
            writer.write(
                .listenerWaits(
                    failure.listener, for: key.message(for: failure), errno: failure.errno,
                    listener: listeners[failure.listener]?.current.label))
        }
        // Of a lack of descriptors, or an address that another process has, there is no event.
        if awaited.contains(where: { !$0.value.isAwaited }) { hostWatch?.retryLater() }
    }

    /// Forgets what sockets lack that are not in force any more, and watches the routes as long as a group waits for one.
    func watchRoutes() {
        lacks.keep(Set(listeners.values.flatMap { $0.sockets.map(\.key) }))
        hostWatch?.tellRoutes(lacks.waitsForRoute)
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
            lacks.deaf[open.key] = listener.settings.name
            let address = RecordedAddress(open.socket.kind, open.socket.address)
            writer.write(.addressRemoved(open.key.host, of: address, listener: listener.current.label))
        }
        for (listener, open) in socketsInForce(plan.returned) {
            lacks.deaf[open.key] = nil
            tellListening(listener, open, because: .addressAdded)
        }
    }

    /// Joins the groups anew whose interface, which the kernel chose, is gone.
    private func joinGroups(_ plan: HostPlan) {
        for (listener, open) in socketsInForce(plan.groups) {
            let left = plan.gone.filter { open.socket.leaveGroup(on: $0) }
            guard !left.isEmpty || lacks.unjoined[open.key] != nil else { continue }
            do throws(SystemError) {
                try open.socket.joinGroup()
                lacks.unjoined[open.key] = nil
                tellListening(listener, open, because: .groupJoined)
            } catch {
                guard lacks.unjoined.updateValue(listener.settings.name, forKey: open.key) == nil else { continue }
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
