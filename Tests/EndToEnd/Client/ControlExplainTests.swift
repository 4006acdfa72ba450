// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl explain` on a running daemon: what it says is what then happens.
@Suite struct ControlExplainTests {
    private static let configuration = """
        [listener.one]
        listen = "unix://$DIR/one"
        service = "echo"

        [listener.two]
        listen = "unix://$DIR/two"
        service = "echo"

        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        balance = "source-hash"
        to = ["unix://$DIR/one", "unix://$DIR/two"]
        max-connections = 1
        """

    private func usherctl(_ daemon: Usherd, _ arguments: String...) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"), arguments + ["--control", daemon.directory.appending("control")],
            environment: ChildProcess.plainEnvironment)
    }

    /// The verdict on the listener `front`.
    private func front(_ daemon: Usherd, from address: String) throws -> [String: Any] {
        let result = try usherctl(daemon, "explain", address, "--listener", "front", "--json")
        try #require(result.succeeded, "\(result.errors)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
        #expect(object["limit"] as? Int == 10000)
        return try #require((object["verdicts"] as? [[String: Any]])?.first)
    }

    @Test func `the upstream that is named is the one that the client gets`() throws {
        try withUsherd(Self.configuration) { daemon in
            let address = try daemon.address("front").description
            var seen: Set<String> = []
            for number in 1...12 {
                let client = "127.0.0.\(number)"
                let verdict = try front(daemon, from: client)
                #expect(verdict["outcome"] as? String == "accepted")
                let upstream = try #require(verdict["upstream"] as? String)
                seen.insert(upstream)
                let sent = try run(
                    BuiltProgram.path(of: "usherctl"), ["send", "--source", client, address, "hello"])
                try #require(sent.succeeded, "\(sent.errors)")
                let end = try daemon.record("close") {
                    $0["listener"] == "front" && $0["peer"]?.hasPrefix("tcp://\(client):") == true
                }
                #expect(end["upstream"] == upstream)
            }
            #expect(seen.count == 2)
        }
    }

    @Test func `a full listener refuses, and others are out of reach`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("hello")
            #expect(try client.receive(exactly: 5) == Array("hello".utf8))
            #expect(try front(daemon, from: "127.0.0.1")["refusal"] as? String == "listener-limit")
            let text = try usherctl(daemon, "explain", "127.0.0.1").text
            let lines = text.split(separator: "\n").map(String.init)
            #expect(lines[0] == "a connection from 127.0.0.1, now (the daemon has 2 of 10000 connections)")
            #expect(lines[1] == "LISTENER  VERDICT      NOW  LIMIT")
            #expect(lines.contains("  it has no IP address"))
            #expect(lines.contains("front     refused        1      1"))
            #expect(lines.contains("  max-connections of the listener (1)"))
            let far = try usherctl(daemon, "explain", "2001:db8::7", "--listener", "front").text
            #expect(far.contains("front     unreachable    1      1\n  it has no IPv6 address\n"))
            client.close()
        }
    }

    @Test func `what is no address gets a sentence`() throws {
        try withUsherd(Self.configuration) { daemon in
            let socket = try usherctl(daemon, "explain", "unix:///run/x")
            #expect(socket.end == .exited(64) && socket.errors.contains("is not an IP address; clients of other"))
            let port = try usherctl(daemon, "explain", "192.0.2.7:80")
            #expect(port.end == .exited(64) && port.errors.contains("without a port"))
            let unknown = try usherctl(daemon, "explain", "192.0.2.7", "--listener", "fornt")
            #expect(unknown.end == .exited(1) && unknown.errors.contains("did you mean front?"))
        }
    }
}
