// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import TestSupport
import Testing

@testable import Supervisor

@Suite struct SupervisorWatchdogTests {
    private static let echo = "[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n"

    /// So long that it is the test which says when it is due.
    private static let never: UInt64 = 3_600_000_000

    private func due(_ daemon: SupervisorHarness) throws { try daemon.onQueue { $0.watchdogDue() } }

    private func waitForAnswers(_ daemon: SupervisorHarness) throws {
        try waitUntil("every lane has answered") { try daemon.onQueue { $0.haveAnswered($0.watchdogHeartbeat) } }
    }

    @Test func `WATCHDOG=1 is sent while every lane responds`() throws {
        let daemon = try SupervisorHarness(Self.echo, watchdogMicroseconds: 40_000)
        defer { daemon.end() }
        try waitUntil("the manager has heard it three times") { daemon.manager.count("WATCHDOG=1") >= 3 }
    }

    @Test func `no WATCHDOG=1 is sent if systemd does not request it`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        #expect(try daemon.onQueue { $0.watchdogAlarm == nil && $0.heartbeat == 0 })
    }

    @Test(arguments: [1, 3, UInt64.max])
    func `any watchdog interval is accepted`(microseconds: UInt64) throws {
        let daemon = try SupervisorHarness(Self.echo, watchdogMicroseconds: microseconds)
        daemon.end()
    }

    @Test func `no WATCHDOG=1 is sent while a lane hangs, and one warning is logged`() throws {
        let daemon = try SupervisorHarness(Self.echo, watchdogMicroseconds: Self.never)
        defer { daemon.end() }
        try waitForAnswers(daemon)
        try due(daemon)
        #expect(daemon.manager.count("WATCHDOG=1") == 1)
        try waitForAnswers(daemon)

        let hold = try LaneHold(daemon, lane: 1)
        // The question before was answered.
        try due(daemon)
        #expect(daemon.manager.count("WATCHDOG=1") == 2)
        let asked = try daemon.onQueue { $0.watchdogHeartbeat }
        try waitUntil("the other lane has answered") {
            try daemon.onQueue { $0.lanes.handles[0].answeredHeartbeat >= asked }
        }
        for _ in 0..<3 { try due(daemon) }
        #expect(daemon.manager.count("WATCHDOG=1") == 2)
        #expect(try daemon.onQueue { $0.watchdogHeartbeat } == asked)
        #expect(
            try daemon.records("warning").compactMap { $0["message"] } == [
                "lane 1 does not answer; systemd will restart usherd if this continues (WatchdogSec=)"
            ])

        hold.release()
        try waitForAnswers(daemon)
        try due(daemon)
        #expect(daemon.manager.count("WATCHDOG=1") == 3)

        // A second time is news again.
        try waitForAnswers(daemon)
        let again = try LaneHold(daemon)
        try due(daemon)
        for _ in 0..<2 { try due(daemon) }
        again.release()
        #expect(
            try daemon.records("warning", atLeast: 3).compactMap { $0["message"] }.suffix(2) == [
                "lane 0 does not answer; systemd will restart usherd if this continues (WatchdogSec=)",
                "lane 1 does not answer; systemd will restart usherd if this continues (WatchdogSec=)",
            ])
    }

    @Test func `a heartbeat that a reload has just sent does not count as unanswered`() throws {
        let daemon = try SupervisorHarness(Self.echo, watchdogMicroseconds: Self.never)
        defer { daemon.end() }
        try waitForAnswers(daemon)
        let hold = try LaneHold(daemon)
        try daemon.onQueue { supervisor in
            _ = supervisor.sendHeartbeat()
            supervisor.watchdogDue()
        }
        #expect(daemon.manager.count("WATCHDOG=1") == 1)
        hold.release()
        try waitForAnswers(daemon)
        #expect(daemon.records().filter { $0.event == "warning" }.isEmpty)
    }
}
