// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl show` on a running daemon.
@Suite struct ShowCommandTests {
    private func usherctl(_ daemon: Usherd, _ arguments: String...) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"), arguments + ["--control", daemon.directory.appending("control")])
    }

    /// The parts of what `show --json` prints for a connection.
    private func show(_ daemon: Usherd, _ number: Int) throws -> (connection: [String: Any], detail: [String: Any]) {
        let result = try usherctl(daemon, "show", "\(number)", "--json")
        #expect(result.succeeded, "\(result.errors)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
        return (
            try #require(object["connection"] as? [String: Any]), try #require(object["detail"] as? [String: Any])
        )
    }

    private func side(_ name: String, _ detail: [String: Any]) -> [String: Any] {
        detail[name] as? [String: Any] ?? [:]
    }

    @Test func `a connection is shown with its deadlines and its socket`() throws {
        let configuration = """
            [listener.echo]
            listen = "tcp://127.0.0.1:0"
            service = "echo"
            idle-timeout = "10m"
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("echo"))
            try client.send("hello")
            #expect(try client.receive(exactly: 5) == Array("hello".utf8))
            let number = try daemon.record("open").connection
            let (connection, detail) = try show(daemon, number)
            #expect(connection["number"] as? Int == number && connection["bytes_in"] as? Int == 5)
            let deadlines = try #require(detail["deadlines"] as? [[String: Any]])
            #expect(deadlines.map { $0["name"] as? String } == ["idle-timeout"])
            #expect((500_000_000...600_000_000).contains(deadlines[0]["left_us"] as? Int ?? 0))
            let tcp = try #require(side("client", detail)["tcp"] as? [String: Any])
            #expect(tcp["state"] as? String == "established")
            #expect(try #require(tcp["rtt_us"] as? Int) > 0)
            #expect(tcp["received_us"] != nil && tcp["sent_us"] != nil)
            #expect(detail["upstream"] == nil)
            let text = try usherctl(daemon, "show", "\(number)").text
            #expect(text.hasPrefix("connection: \(number)\n  listener:           echo\n"))
            #expect(text.contains("\n  idle-timeout:       in 9m 5"))
            #expect(text.contains("\n\nclient: \(client.name)\n  local:              \(try daemon.address("echo"))\n"))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
            let unknown = try usherctl(daemon, "show", "999")
            #expect(unknown.end == .exited(1))
            #expect(
                unknown.errors
                    == "usherctl: no open connection has the number 999; `usherctl connections` lists the open ones\n")
            #expect(try usherctl(daemon, "show", "x").end == .exited(64))
            client.close()
        }
    }

    /// Relays of datagrams: a flow, a stream to datagrams, datagrams to a stream.
    @Test(arguments: [("udp", "udp"), ("tcp", "udp"), ("udp", "tcp")]) func `datagrams are shown with their upstream`(
        from: String, to: String
    ) throws {
        let (echo, server) = (try DatagramEcho("a"), try Server())
        let configuration = """
            [daemon]
            drain-timeout = "1s"

            [listener.front]
            listen = "\(from)://127.0.0.1:0"
            service = "forward"
            to = "\(to == "udp" ? echo.address : "\(server.address)")"
            \(from == to ? "" : "framing = \"lines\"")
            """
        try withUsherd(configuration) { daemon in
            let front = try #require(try daemon.record("listening")["local"])
            let datagrams = try from == "udp" ? DatagramClient(to: front) : nil
            let client = try from == "tcp" ? Client(daemon.address("front")) : nil
            try datagrams?.send("hello")
            try client?.send("hello\n")
            let number = try daemon.record("open").connection
            var shown = try show(daemon, number)
            try waitUntil("the upstream is shown") {
                shown = try show(daemon, number)
                return shown.detail["upstream"] != nil
            }
            let upstream = side("upstream", shown.detail)
            #expect((upstream["local"] as? String)?.hasPrefix("\(to)://127.0.0.1:") == true)
            #expect(upstream["transfer"] as? String == "copying")
            #expect((upstream["tcp"] != nil) == (to == "tcp"))
            #expect((shown.detail["client"] != nil) == (from == "tcp"))
            #expect(side("relaying", shown.detail)["connected"] != nil)
            #expect(side("datagrams", shown.connection)["received"] as? Int == 1)
            #expect(try usherctl(daemon, "show", "\(number)").text.contains("\n  datagrams:          1 received, "))
            client?.close()
        }
    }

    @Test func `a relay is shown with what it holds, its half-close and its PROXY header`() throws {
        let server = try Server()
        let configuration = """
            [daemon]
            drain-timeout = "1s"

            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = "\(server.address)"
            accept-proxy = ["127.0.0.0/8"]
            half-close-timeout = "10m"
            """
        try withUsherd(configuration) { daemon in
            let client = try Client(daemon.address("front"))
            try client.send("PROXY TCP4 192.0.2.7 198.51.100.1 4000 443\r\nhello")
            let upstream = try server.accept()
            #expect(try upstream.receive(exactly: 5) == Array("hello".utf8))
            let number = try daemon.record("open").connection
            _ = try client.fill()
            let (connection, detail) = try show(daemon, number)
            #expect(connection["peer"] as? String == "tcp://192.0.2.7:4000")
            #expect(connection["upstream"] as? String == "\(server.address)")
            let origin = side("origin", detail)
            #expect(origin["destination"] as? String == "tcp://198.51.100.1:443")
            #expect(origin["via"] as? String == client.name && origin["version"] as? Int == 1)
            let relaying = side("relaying", detail)
            #expect(relaying["attempts"] as? Int == 1)
            #expect(try #require(relaying["connected"] as? Int) >= connection["accepted"] as? Int ?? .max)
            // Nobody reads at the upstream: its queue is full, then usherd's, then that of the client.
            let (near, far) = (side("client", detail), side("upstream", detail))
            #expect(try #require(far["send_queue"] as? Int) > 0)
            #expect((far["held"] as? Int ?? 0) + (far["piped"] as? Int ?? 0) > 0)
            #expect(try #require(near["receive_queue"] as? Int) > 0)
            #expect(["copying", "splicing"].contains(near["transfer"] as? String))
            #expect(near["has_ended"] as? Bool == false && detail["half_closed"] == nil)
            // The other direction ends.
            try upstream.finishWriting()
            try waitUntil("the half-close is shown") { try show(daemon, number).detail["half_closed"] != nil }
            let text = try usherctl(daemon, "show", "\(number)").text
            #expect(text.contains("\n  half-closed:        EOF from the upstream, "))
            #expect(text.contains("\n  half-close-timeout: in 9m 5"))
            #expect(text.contains("\nPROXY header from: \(client.name)\n"))
            client.reset()
            upstream.close()
        }
    }
}
