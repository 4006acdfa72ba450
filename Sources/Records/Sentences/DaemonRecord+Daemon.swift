// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

extension DaemonRecord {
    /// The daemon is ready.
    package static func started(
        version: String, listeners: Int, lanes: Int, path: String, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .started,
            "usherd \(version) serves \(Quantity.text(listeners, "listener")) on \(Quantity.text(lanes, "lane")), with"
                + " \(path)")
    }

    /// systemd passed a socket whose name is in no `listen`.
    package static func passedSocketUnused(_ name: String, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "systemd passed a socket \(name), but no listener uses it: listen on systemd://\(name)")
    }

    /// The limit of connections is higher than the limit of descriptors allows.
    package static func descriptorLimitLow(
        maxConnections: Int, limit: Int, needed: Int, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "max-connections is \(maxConnections), but the process may have only \(limit) descriptors: raise LimitNOFILE="
                + " of the unit, or ulimit -n, to \(needed), or lower max-connections")
    }

    /// A lane did not answer the last check of the watchdog.
    package static func laneSilent(_ number: Int, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(
            time: time, .warning,
            "lane \(number) does not answer; systemd will restart usherd if this continues (WatchdogSec=)")
    }

    /// The daemon exits because of a bug of its own.
    ///
    /// - Parameter sentence: the sentence of `OwnBug`, which standard error gets too.
    package static func ownBug(_ sentence: String, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(time: time, .failed, sentence)
    }

    // MARK: - Reload

    /// A reload applied a new configuration.
    ///
    /// - Parameter changes: how many listeners changed, for each kind of change; zeros are left out.
    package static func reloaded(
        _ changes: [(count: Int, change: String)], time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let parts = changes.filter { $0.count > 0 }.map { "\($0.count) \($0.change)" }
        return DaemonRecord(time: time, .reload, "configuration reloaded: \(parts.joined(separator: ", "))")
    }

    /// A new configuration could not be applied.
    ///
    /// - Parameter reason: the text that the status line shows too.
    package static func reloadFailed(because reason: String, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(time: time, .reloadFailed, "the old configuration stays in force: \(reason)")
    }

    /// A reload removed a listener; its connections have until a timeout to end.
    ///
    /// - Parameter timeout: as in the configuration: `30s`.
    package static func listenerDraining(
        connections: Int, timeout: String, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(
            time: time, .draining, "\(listener.name) was removed; \(waiting(for: connections, timeout))",
            listener: listener)
    }

    /// The last connection of a removed listener has ended.
    ///
    /// - Parameter closed: how many connections were closed because the timeout had passed.
    package static func listenerStopped(
        closed: Int, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(time: time, .stopped, "\(listener.name) stopped\(words(closed: closed))", listener: listener)
    }

    /// A listener that an operator drains has no connections any more.
    ///
    /// - Parameters:
    ///   - ended: how many connections ended by themselves.
    ///   - closed: how many were closed.
    package static func listenerDrained(
        ended: UInt64, closed: UInt64, listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let verb = ended == 1 ? "has" : "have"
        let closed = closed == 0 ? "none was" : "\(Quantity.grouped(closed)) \(closed == 1 ? "was" : "were")"
        let words = "\(Quantity.text(ended, "connection")) \(verb) ended, \(closed) closed; it stays paused"
        return DaemonRecord(time: time, .stopped, "\(listener.name) is drained: \(words)", listener: listener)
    }

    // MARK: - Stop

    /// The daemon stops; open connections have until a timeout to end.
    package static func draining(
        connections: Int, timeout: String, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(time: time, .draining, waiting(for: connections, timeout))
    }

    /// The daemon stopped.
    package static func stopped(version: String, closed: Int, time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(time: time, .stopped, "usherd \(version) stopped\(words(closed: closed))")
    }

    /// A lane's thread did not end.
    package static func laneNotEnded(time: UInt64 = Clock.realtime) -> DaemonRecord {
        DaemonRecord(
            time: time, .failed, "a lane did not end in time; records of its connections may be missing")
    }

    private static func waiting(for connections: Int, _ timeout: String) -> String {
        guard connections > 0 else { return "draining: no connection is open" }
        return "draining: waiting up to \(timeout) for \(Quantity.text(connections, "connection"))"
    }

    private static func words(closed: Int) -> String {
        closed > 0 ? "; \(Quantity.text(closed, "connection")) closed" : ""
    }
}
