// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The orders of `usherctl connections` that need more than the counters of the daemon.
@Suite struct ConnectionsSortTests {
    private static let configuration = """
        [daemon]
        drain-timeout = "1s"

        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
        service = "echo"
        """

    private func connections(_ daemon: Usherd, _ arguments: String) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"),
            ["connections"] + arguments.split(separator: " ").map(String.init) + [
                "--control", daemon.directory.appending("control"),
            ])
    }

    private func json(_ result: CommandResult) throws -> [String: Any] {
        #expect(result.succeeded, "\(result.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
    }

    private func client(_ daemon: Usherd, _ index: Int, bytes: Int) throws -> Client {
        let client = try Client(daemon.address("echo", index))
        let data = [UInt8](repeating: 0x61, count: bytes)
        try client.send(data)
        #expect(try client.receive(exactly: bytes) == data)
        return client
    }

    @Test func `rates are counted between two lists`() throws {
        try withUsherd(Self.configuration) { daemon in
            let still = try client(daemon, 0, bytes: 5000)
            // A server that sends as long as it is read: the command starts and ends while bytes move.
            let busy = try client(daemon, 1, bytes: 10)
            let isDone = DispatchSemaphore(value: 0)
            let ended = DispatchSemaphore(value: 0)
            let (raw, data) = (busy.raw, [UInt8](repeating: 0x61, count: 100))
            DispatchQueue(label: "busy").async {
                var buffer = data
                while isDone.wait(timeout: .now() + .milliseconds(5)) == .timedOut {
                    guard send(raw, data, data.count, 0) == data.count, recv(raw, &buffer, buffer.count, 0) > 0 else {
                        break
                    }
                }
                ended.signal()
            }
            let list = try json(connections(daemon, "--sort rate --interval 500ms --limit 1 --json"))
            let text = try connections(daemon, "--sort rate --interval 500ms").text
            isDone.signal()
            ended.wait()
            #expect(list["count"] as? Int == 2)
            let first = try #require(list["connections"] as? [[String: Any]])
            let counted = try #require((list["interval"] as? [String: Any])?["connections"] as? [[String: Any]])
            #expect(first.count == 1 && counted.count == 1)
            #expect(
                first[0]["peer"] as? String == "unix://" && counted[0]["number"] as? Int == first[0]["number"] as? Int)
            #expect(try #require(counted[0]["bytes_in"] as? Int) > 0)
            #expect(try #require(counted[0]["duration_us"] as? Int) >= 500_000)
            let lines = text.split(separator: "\n")
            #expect(lines[0].contains(" IN/S ") && lines[0].hasSuffix(" OUT/S"))
            #expect(lines[1].contains(" pid ") && lines[2].hasSuffix("0 B"))
            #expect(lines[3] == "2 connections")
            still.close()
            busy.close()
        }
    }

    @Test func `round-trip times come from the kernel, for TCP`() throws {
        try withUsherd(Self.configuration) { daemon in
            let clients = try [1, 0, 0].map { try client(daemon, $0, bytes: 10) }
            let list = try json(connections(daemon, "--sort rtt --json"))
            let times = try #require(list["connections"] as? [[String: Any]]).map { $0["rtt_us"] as? Int }
            #expect(times.count == 3 && times[2] == nil)
            #expect(try #require(times[0]) >= #require(times[1]))
            let lines = try connections(daemon, "--sort rtt").text.split(separator: "\n")
            #expect(lines[0].hasSuffix("  RTT") && lines[3].hasSuffix("  -"))
            #expect(lines.allSatisfy { $0.count <= 80 })
            for client in clients { client.close() }
        }
    }

    @Test func `an interval is for rates, and not too short`() throws {
        try withUsherd(Self.configuration) { daemon in
            for arguments in ["--interval 1s", "--sort rate --interval 1ms", "--sort speed"] {
                let result = try connections(daemon, arguments)
                #expect(result.end == .exited(64), "\(arguments): \(result.errors)")
            }
        }
    }
}
