// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

extension Supervisor {
    /// Starts the watchdog, if the unit asks for it with WatchdogSec=.
    ///
    /// Lanes get a heartbeat four times a period, and `WATCHDOG=1` is sent only if all have answered the previous one. So a
    /// lane that hangs is found within the period, and a single slow turn is tolerated.
    func beginWatchdog() {
        guard let microseconds = manager.watchdogMicroseconds else { return }
        let alarm = Alarm(on: queue) { [self] in watchdogDue() }
        let (nanoseconds, overflows) = microseconds.multipliedReportingOverflow(by: 250)
        alarm.repeat(every: overflows ? .max : nanoseconds)
        watchdogAlarm = alarm
        watchdogHeartbeat = sendHeartbeat()
    }

    /// Sends a heartbeat to every lane. A lane that has answered it has also handled all messages sent before.
    ///
    /// - Returns: the number of the heartbeat, for ``haveAnswered(_:)``.
    func sendHeartbeat() -> UInt64 {
        heartbeat += 1
        for handle in lanes.handles { handle.sendHeartbeat(heartbeat) }
        return heartbeat
    }

    /// Whether every lane has answered a heartbeat.
    func haveAnswered(_ heartbeat: UInt64) -> Bool {
        lanes.handles.allSatisfy { $0.answeredHeartbeat >= heartbeat }
    }

    /// Checks the answers to the watchdog's own heartbeat: a reload may have sent a newer one just now.
    func watchdogDue() {
        let silent = Set(lanes.handles.filter { $0.answeredHeartbeat < watchdogHeartbeat }.map(\.number))
        if silent.isEmpty { notifySystemd("WATCHDOG=1") }
        for number in silent.subtracting(silentLanes).sorted() { writer.write(.laneSilent(number)) }
        silentLanes = silent
        // A lane that hangs gets no further heartbeats: they would pile up in its inbox.
        if silent.isEmpty { watchdogHeartbeat = sendHeartbeat() }
    }
}
