// SPDX-License-Identifier: Apache-2.0

import Configuration
import Dispatch
import HostAccess
import LinuxSystem
import Services
import Synchronization
import TestSupport
import Testing

@testable import Supervisor

/// Reloads whose files or names take their time.
@Suite struct SupervisorLoadingTests {
    private static let echo = "[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n"

    /// Reads configurations as slowly as a test wants.
    private final class SlowReading: Sendable {
        private let begun = Mutex(0)
        private let mayEnd = DispatchSemaphore(value: 0)

        /// How many readings have begun.
        var count: Int { begun.withLock { $0 } }

        func read(_ path: String) -> ConfigurationLoader.Outcome {
            begun.withLock { $0 += 1 }
            mayEnd.wait()
            return Configuration.load(
                path: path, services: ServiceDescriptor.schemas, host: SystemHostLookup())
        }

        /// Lets one reading end.
        func letEnd() { mayEnd.signal() }
    }

    private func begin(_ reading: SlowReading, watchdogMicroseconds: UInt64? = nil) throws -> SupervisorHarness {
        let daemon = try SupervisorHarness(
            Self.echo, watchdogMicroseconds: watchdogMicroseconds, reading: .init(read: { reading.read($0) }))
        try daemon.onQueue { $0.reload() }
        try waitUntil("the reading has begun") { reading.count == 1 }
        return daemon
    }

    @Test func `the watchdog is answered while a configuration is loaded`() throws {
        let reading = SlowReading()
        let daemon = try begin(reading, watchdogMicroseconds: 40_000)
        defer { daemon.end() }
        let before = daemon.manager.count("WATCHDOG=1")
        try waitUntil("the manager has heard it three times more") {
            daemon.manager.count("WATCHDOG=1") >= before + 3
        }
        #expect(daemon.manager.count("RELOADING=1") == 1 && daemon.manager.count("READY=1") == 1)
        reading.letEnd()
        try waitUntil("the reload is done") { daemon.manager.count("READY=1") == 2 }
    }

    @Test func `connections are served while a configuration is loaded`() throws {
        let reading = SlowReading()
        let daemon = try begin(reading)
        defer { daemon.end() }
        let address = try daemon.address("echo")
        #expect(try echoes(try Client(address)))
        reading.letEnd()
        try daemon.records("reload")
    }

    @Test func `SIGTERM during a load ends the daemon immediately`() throws {
        let reading = SlowReading()
        let daemon = try begin(reading)
        try daemon.stop()
        #expect(try daemon.exitStatus() == 0)
        #expect(daemon.records().filter { $0.event == "reload" }.isEmpty)
        reading.letEnd()
        try daemon.release()
    }

    @Test func `a load that completes while draining changes nothing`() throws {
        let reading = SlowReading()
        let daemon = try begin(reading)
        defer { daemon.end() }
        let client = try Client(try daemon.address("echo"))
        #expect(try echoes(client))
        try daemon.stop()
        reading.letEnd()
        try waitUntil("the outcome was taken") { try daemon.onQueue { !$0.isLoading } }
        #expect(try echoes(client))
        #expect(daemon.records().filter { ["reload", "reload-failed"].contains($0.event) }.isEmpty)
        #expect(daemon.manager.count("READY=1") == 1)
    }

    @Test func `several SIGHUP during a load cause one more reload`() throws {
        let reading = SlowReading()
        let daemon = try begin(reading)
        defer { daemon.end() }
        for _ in 0..<3 { try daemon.onQueue { $0.reload() } }
        #expect(daemon.manager.count("RELOADING=1") == 1)
        reading.letEnd()
        try waitUntil("another reading has begun") { reading.count == 2 }
        reading.letEnd()
        try daemon.records("reload", atLeast: 2)
        try waitUntil("the second reload is done") { daemon.manager.count("READY=1") == 3 }
        #expect(reading.count == 2)
        // Each RELOADING=1 has a READY=1 before the next one, as sd_notify(3) wants them.
        let states = daemon.manager.messages.compactMap { message in
            ["RELOADING=1", "READY=1"].first { message.text.hasPrefix($0) }
        }
        #expect(states == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"])
    }
}
