// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Supervisor

@Suite struct SupervisorStatusTests {
    private static let echo = "[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n"

    /// The times between two messages that carry nothing but a status, in seconds, rounded down to tenths.
    private func pauses(_ manager: FakeManager) -> [Double] {
        let times = manager.messages.filter { $0["STATUS"] != nil }.map(\.time)
        return zip(times, times.dropFirst()).map { Double(($1 - $0) / 100_000_000) / 10 }
    }

    @Test func `STATUS= follows the number of connections, at most once a second`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let address = try daemon.address("echo")
        let clients = try (0..<100).map { _ in try Client(address) }
        for client in clients { #expect(try echoes(client)) }
        try waitUntil("the status counts them") { daemon.manager.status == "1 listener, 100 connections" }
        for client in clients { client.close() }
        try waitUntil("the status counts them out") { daemon.manager.status == "1 listener, 0 connections" }
        #expect(pauses(daemon.manager).allSatisfy { $0 >= 1 })
    }

    @Test func `SIGUSR2 logs the listeners and the open connections`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let client = try Client(daemon.address("echo"))
        #expect(try echoes(client))
        try daemon.onQueue { $0.received(signal: SIGUSR2) }
        #expect(try daemon.records("listener").map { $0["state"] } == ["listening"])
        #expect(try daemon.records("live").count == 1)
        client.close()
    }

    @Test func `STATUS= is not sent more often while draining`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        let address = try daemon.address("echo")
        let clients = try (0..<100).map { _ in try Client(address) }
        for client in clients { #expect(try echoes(client)) }
        try daemon.stop()
        for client in clients.dropLast() {
            client.close()
            usleep(2000)
        }
        try waitUntil("the status counts them out") {
            daemon.manager.status.hasSuffix(" for 1 connection")
        }
        clients.last?.close()
        #expect(try daemon.exitStatus() == 0)
        // STOPPING=1 carries a status of its own at once.
        let stopping = try #require(daemon.manager.messages.firstIndex { $0["STOPPING"] != nil })
        let times = daemon.manager.messages[stopping...].filter { $0["STATUS"] != nil }.map(\.time)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 999_000_000 })
    }

    @Test func `STATUS= is not sent while nothing changes`() throws {
        let daemon = try SupervisorHarness(Self.echo)
        defer { daemon.end() }
        let client = try Client(daemon.address("echo"))
        for _ in 0..<1000 { #expect(try echoes(client)) }
        try waitUntil("the status counts it") { daemon.manager.status == "1 listener, 1 connection" }
        let count = daemon.manager.messages.count
        for _ in 0..<1000 { #expect(try echoes(client)) }
        try daemon.onQueue { $0.sendStatus() }
        #expect(daemon.manager.messages.count == count)
    }
}
