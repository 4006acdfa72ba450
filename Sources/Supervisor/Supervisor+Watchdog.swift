// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

extension Supervisor {
    /// Begins to tell systemd that every lane lives, if it wants to hear it.
    ///
    /// Lanes are asked four times a period, and `WATCHDOG=1` goes out only if all have answered the question before:
    /// so a lane that hangs is found within the period, and one slow turn is forgiven.
    func beginWatchdog() {
        guard let microseconds = manager.watchdogMicroseconds else { return }
        let alarm = Alarm(on: queue) { [self] in watchdogDue() }
        let (nanoseconds, overflows) = microseconds.multipliedReportingOverflow(by: 250)
        alarm.repeat(every: overflows ? .max : nanoseconds)
        watchdogAlarm = alarm
        watchdogHeartbeat = sendHeartbeat()
    }

    /// Asks every lane for a sign of life, which also says that it has done what was asked of it before.
    ///
    /// - Returns: the number of the question, for ``haveAnswered(_:)``.
    func sendHeartbeat() -> UInt64 {
        heartbeat += 1
        for handle in lanes.handles { handle.sendHeartbeat(heartbeat) }
        return heartbeat
    }

    /// Whether every lane has answered a question.
    func haveAnswered(_ heartbeat: UInt64) -> Bool {
        lanes.handles.allSatisfy { $0.answeredHeartbeat >= heartbeat }
    }

    /// Looks at the answers. Only at those to its own question, which is old enough: a reload may have put another one
    /// just now.
    func watchdogDue() {
        let silent = Set(lanes.handles.filter { $0.answeredHeartbeat < watchdogHeartbeat }.map(\.number))
        if silent.isEmpty { tell("WATCHDOG=1") }
        for number in silent.subtracting(silentLanes).sorted() { writer.write(.laneSilent(number)) }
        silentLanes = silent
        // A lane that hangs gets no further questions: they would pile up.
        if silent.isEmpty { watchdogHeartbeat = sendHeartbeat() }
    }
}
