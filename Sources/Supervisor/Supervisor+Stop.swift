// SPDX-License-Identifier: Apache-2.0

import Configuration
import Dispatch
import LinuxSystem
import Reactor
import Records

extension Supervisor {
    /// How long writing the last records may take.
    private static let flushTime = Duration.seconds(5)

    /// How long the lanes may take to end.
    private static let joinTime = DispatchTimeInterval.seconds(5)

    /// Stops accepting and waits for the connections; called again, ends at once.
    func stop() {
        let timeout = configuration.daemon.drainTimeout.nanoseconds
        perform(shutdown.stopRequested(at: Clock.monotonic, timeout: timeout))
    }

    /// Stops on Ctrl-C as on SIGTERM, and prints on the terminal what the daemon waits for.
    func interrupted() {
        let wasServing = shutdown == .serving
        stop()
        // A file that gets records on standard error must get nothing in another form.
        guard wasServing, case .draining = shutdown,
            ControllingTerminal.showsStandardError
                || ControllingTerminal.hasForeground && !configurationLogsToStandardError,
            let notice = DrainNotice.terminal(
                connections: shared.connections.value, timeout: configuration.daemon.drainTimeout)
        else { return }
        PrefixedErrorOutput().say(notice)
    }

    /// Called when a connection has ended while draining, or a lane has answered a heartbeat.
    func drainChanged() {
        shared.acknowledgeChange()
        forgetEmptyListeners()
        statusChanged()
        guard shared.connections.value == 0, haveAnswered(drainHeartbeat) else { return }
        perform(shutdown.drained())
    }

    /// Called when the drain timeout is over.
    func drainTimedOut() {
        perform(shutdown.timedOut())
    }

    /// Asks systemd for more time to stop: `EXTEND_TIMEOUT_USEC=` of sd_notify(3).
    func extendTimeout() {
        notifySystemd("EXTEND_TIMEOUT_USEC=\(2 * extendInterval / 1000)")
    }

    private func perform(_ action: ShutdownState.Action) {
        switch action {
        case .none: break
        case .drain(let end): drain(until: end)
        case .stop: finish()
        }
    }

    private func drain(until end: UInt64) {
        abandonDrains()
        notifySystemd("STOPPING=1\n\(statusAssignment())")
        writer.write(
            .draining(
                connections: shared.connections.value,
                timeout: DurationText.format(configuration.daemon.drainTimeout)))
        lanes.performOnAll { $0.stopAccepting() }
        // A lane answers it once the backlogs are empty too.
        drainHeartbeat = sendHeartbeat()
        closeSockets()
        drainAlarm?.set(after: Clock.span(from: Clock.monotonic, to: end))
        extendTimeout()
        extendAlarm?.repeat(every: extendInterval)
        drainChanged()
    }

    private func finish() {
        let left = shared.connections.value
        // A lane that accepts may hand a connection to another, so all stop accepting before any of them ends.
        _ = lanes.performOnAllAndWait(timeout: .now() + Self.joinTime) { $0.stopAccepting() }
        lanes.performOnAll { lane in
            lane.stop(nil, because: .stopped, by: .operator)
            lane.closeAll(because: .stopped, by: .operator)
        }
        end(status: 0, .stopped(version: Version.text, closed: left))
    }

    /// Releases the listening sockets, and removes the files of Unix sockets.
    ///
    /// Each socket is closed when the last lane has emptied its backlog. From then on the kernel refuses clients, which
    /// would otherwise wait in the backlog as long as the daemon drains.
    private func closeSockets() {
        for (name, listener) in listeners {
            listener.sockets.forEach { $0.removeFile() }
            listeners[name]?.sockets = []
        }
    }

    /// Ends the lanes, writes the records that are left, and lets the main thread exit.
    ///
    /// - Parameter record: the last record. Made after the lanes have ended, since records are sorted by their time.
    func end(status: CInt, _ record: @autoclosure () -> DaemonRecord? = nil) {
        control.end(timeout: .now() + .seconds(1))
        lanes.end()
        if !lanes.join(timeout: .now() + Self.joinTime) {
            writer.write(.laneNotEnded())
        }
        if let record = record() { writer.write(record) }
        writer.flush(within: Self.flushTime)
        manager.retry()
        stopWatching()
        gate.open(status: status)
    }
}
