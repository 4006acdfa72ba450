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
        alarm.repeat(every: max(microseconds / 4, 1) * 1000)
        watchdogAlarm = alarm
        sendHeartbeat()
    }

    /// Asks every lane for a sign of life.
    func sendHeartbeat() {
        heartbeat += 1
        for handle in lanes.handles { handle.sendHeartbeat(heartbeat) }
    }

    private func watchdogDue() {
        let silent = Set(lanes.handles.filter { $0.answeredHeartbeat < heartbeat }.map(\.number))
        if silent.isEmpty { manager.notify("WATCHDOG=1") }
        for number in silent.subtracting(silentLanes).sorted() {
            write(.warning, "lane \(number) does not answer; systemd will restart the daemon if it stays so")
        }
        silentLanes = silent
        // A lane that hangs gets no further questions: they would pile up.
        if silent.isEmpty { sendHeartbeat() }
    }
}
