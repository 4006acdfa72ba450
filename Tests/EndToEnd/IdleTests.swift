// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A daemon to whom nothing happens does nothing.
@Suite struct IdleTests {
    /// How often the process's threads have given up the processor: each wait adds one.
    private func switches(_ daemon: Usherd) throws -> Int {
        let tasks = "/proc/\(daemon.identifier)/task"
        var sum = 0
        for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
            // A thread may have ended meanwhile.
            let status = (try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8)) ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
            sum += line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        return sum
    }

    @Test func `an idle daemon makes no system call`() async throws {
        let configuration = """
            [defaults]
            idle-timeout = "10m"
            lifetime = "1h"

            [listener.echo]
            listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo", "tcp://[::1]:0"]
            service = "echo"

            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "unix://$DIR/echo"
            half-close-timeout = "1h"
            progress-interval = "1h"

            [listener.room]
            listen = "tcp://127.0.0.1:0"
            service = "chat"
            """
        let daemon = try Usherd(configuration)
        let addresses = try [
            daemon.address("echo"), daemon.address("echo", 1), daemon.address("front"), daemon.address("room"),
        ]
        let clients = try (0..<80).map { try Client(addresses[$0 % 4]) }
        for client in clients { try client.send("hello\n") }
        for client in clients { _ = try client.receiveLine() }
        // Dispatch's spare threads end after some seconds, and the status waits for its second: then there is nothing.
        try await untilQuiet { try switches(daemon) }

        let trace = daemon.directory.appending("trace")
        let strace = try ChildProcess("strace", ["-f", "-o", trace, "-p", "\(daemon.identifier)"])
        let size = { (try? FileManager.default.attributesOfItem(atPath: trace)[.size] as? Int) ?? 0 }
        // To attach interrupts the waits, which shows as calls that are made again.
        try await untilQuiet { size() }
        #expect(strace.ended == nil, "strace may not trace here")
        let before = size()
        try await Task.sleep(for: .seconds(3))
        #expect(size() == before, "\(daemon.directory.read("trace"))")

        // The trace does show what happens.
        try clients[0].send("x")
        try waitUntil("strace sees a call") { size() > before }
        strace.send(signal: SIGTERM)
        _ = try strace.waitForEnd()
        for client in clients { client.close() }
        #expect(try daemon.stop() == .exited(0))
    }

    /// Waits until a number stays the same for three seconds.
    private func untilQuiet(_ number: () throws -> Int) async throws {
        var last = -1
        for _ in 0..<20 {
            let now = try number()
            if now == last { return }
            last = now
            try await Task.sleep(for: .seconds(3))
        }
        throw TimedOut("nothing happens for three seconds")
    }
}
