// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Supervisor

@Suite struct SupervisorStopTests {
    private static let echo = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://DIR/echo"]
        service = "echo"

        """

    /// Whether nobody listens there any more.
    private func isRefused(_ address: ServerAddress) -> Bool {
        do {
            _ = try Client(address)
            return false
        } catch {
            return (error as? POSIXFailure).map { [ECONNREFUSED, ENOENT].contains($0.number) } ?? false
        }
    }

    @Test func `a stop without connections ends immediately, with all records written`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        #expect(try echoes(Client(daemon.address("echo"))))
        try daemon.records("close")
        try daemon.stop()
        #expect(try daemon.exitStatus() == 0)
        #expect(daemon.records().map(\.event).suffix(2) == ["draining", "stopped"])
        #expect(daemon.manager.count("STOPPING=1") == 1)
        #expect(daemon.manager.count("EXTEND_TIMEOUT_USEC=20000000") >= 1)
        #expect(access(daemon.directory.appending("echo"), F_OK) != 0)
        try daemon.release()
    }

    @Test func `while draining, open connections continue and new ones are refused`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        let addresses = try daemon.addresses("echo")
        let clients = try addresses.map { try Client($0) }
        for client in clients { #expect(try echoes(client)) }
        try daemon.stop()
        // Not only is nobody served any more: nobody waits in a backlog for an hour.
        for address in addresses { try waitUntil("\(address) is refused") { isRefused(address) } }
        #expect(access(daemon.directory.appending("echo"), F_OK) != 0)
        for client in clients { #expect(try echoes(client)) }
        // Nor does a reload bring anything back.
        try daemon.reload(Self.echo)
        #expect(daemon.records().filter { $0.event == "reload" }.isEmpty)
        for client in clients { client.close() }
        #expect(try daemon.exitStatus() == 0)
        // Two, and those of the newcomers who were quicker than the lanes.
        let ends = daemon.records().filter { $0.event == "close" }.map(\.end)
        #expect(ends.count >= 2)
        #expect(ends.allSatisfy { $0 == "client-closed by client" })
        #expect(daemon.records().last?["message"]?.hasSuffix("stopped") == true)
    }

    @Test func `connections in the backlog are served before the end`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        let address = try daemon.address("echo")
        let hold = try LaneHold(daemon)
        let clients = try (0..<20).map { _ in try Client(address) }
        try daemon.stop()
        hold.release()
        for client in clients { #expect(try echoes(client)) }
        for client in clients { client.close() }
        #expect(try daemon.exitStatus() == 0)
        #expect(daemon.records().count { $0.event == "open" } == 20)
        #expect(daemon.records().count { $0.event == "close" } == 20)
    }

    @Test func `after drain-timeout the remaining connections are closed`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"20ms\"")
        let client = try Client(daemon.address("echo"))
        #expect(try echoes(client))
        try daemon.stop()
        #expect(try daemon.exitStatus() == 0)
        #expect(try client.receiveAll().isEmpty)
        #expect(daemon.records().filter { $0.event == "close" }.map(\.end) == ["stopped by operator"])
        #expect(daemon.records().last?["message"]?.hasSuffix("stopped; 1 connection closed") == true)
    }

    @Test func `EXTEND_TIMEOUT_USEC is sent repeatedly while connections are open`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        let client = try Client(daemon.address("echo"))
        #expect(try echoes(client))
        try daemon.onQueue { $0.extendInterval = 20_000_000 }
        try daemon.stop()
        try waitUntil("it is asked for the third time") { daemon.manager.count("EXTEND_TIMEOUT_USEC=40000") >= 3 }
        client.close()
        #expect(try daemon.exitStatus() == 0)
    }

    @Test func `a second stop signal ends immediately`() throws {
        let daemon = try SupervisorHarness(Self.echo, daemon: "drain-timeout = \"1h\"")
        let clients = try (0..<10).map { _ in try Client(daemon.address("echo")) }
        for client in clients { #expect(try echoes(client)) }
        try daemon.stop()
        try daemon.stop()
        #expect(try daemon.exitStatus() == 0)
        for client in clients { #expect(try client.receiveAll().isEmpty) }
        #expect(
            daemon.records().filter { $0.event == "close" }.map(\.end)
                == Array(repeating: "stopped by operator", count: 10))
        #expect(throws: POSIXFailure.self) {
            // A third time finds nobody, and harms nobody.
            try daemon.stop()
            try daemon.stop()
            _ = try Client(daemon.address("echo"))
        }
    }
}

/// Keeps every lane of a daemon busy until it is released.
final class LaneHold: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let count: Int

    init(_ daemon: SupervisorHarness, lane: Int? = nil) throws {
        let semaphore = semaphore
        let held = DispatchSemaphore(value: 0)
        let handles = try daemon.onQueue { $0.lanes.handles }.filter { lane == nil || $0.number == lane }
        count = handles.count
        for handle in handles {
            handle.perform { _ in
                held.signal()
                semaphore.wait()
            }
        }
        for _ in handles { held.wait() }
    }

    func release() {
        for _ in 0..<count { semaphore.signal() }
    }
}
