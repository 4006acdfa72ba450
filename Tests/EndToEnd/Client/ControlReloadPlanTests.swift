// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl reload --dry-run` on a running daemon.
@Suite struct ControlReloadPlanTests {
    private static let configuration = """
        [listener.echo]
        listen = "unix://$DIR/echo"
        service = "echo"

        [listener.gone]
        listen = "tcp://127.0.0.1:0"
        service = "echo"
        """

    private func usherctl(_ daemon: Usherd, _ arguments: String...) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"), arguments + ["--control", daemon.directory.appending("control")],
            environment: ChildProcess.plainEnvironment)
    }

    @Test func `a dry run shows what the reload then does`() throws {
        try withUsherd(Self.configuration) { daemon in
            let client = try Client(daemon.address("gone"))
            try client.send("hello")
            #expect(try client.receive(exactly: 5) == Array("hello".utf8))
            #expect(
                try usherctl(daemon, "reload", "--dry-run").text
                    == "nothing would change: 2 listeners stay unchanged, with 1 connection\n")
            try daemon.write(
                """
                [listener.echo]
                listen = "unix://$DIR/echo"
                service = "echo"
                max-connections = 7
                """)
            let shown = try usherctl(daemon, "reload", "--dry-run")
            let address = try daemon.address("gone").description
            // The harness writes three lines of [log] in front.
            #expect(
                shown.text == """
                    files are in \(daemon.directory.path)/
                    ~ listener echo: changed; 0 connections keep their settings
                      - max-connections = false  # default
                      + max-connections = 7      # usherd.toml:7
                    - listener gone: removed; 1 connection has 30s to end
                      - closes \(address)
                      - listen = "tcp://127.0.0.1:0"  # usherd.toml:9
                      - service = "echo"  # usherd.toml:10

                    """)
            let result = try usherctl(daemon, "reload", "--dry-run", "--json")
            let plan = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
            let listeners = try #require(plan["listeners"] as? [[String: Any]])
            #expect(listeners.map { $0["change"] as? String } == ["changed", "removed"])
            #expect(daemon.records("reload").isEmpty)
            #expect(try usherctl(daemon, "reload").succeeded)
            #expect(try daemon.record("reload")["message"] == "configuration reloaded: 1 removed, 1 changed")
            #expect(try daemon.record("draining")["message"]?.contains("1") == true)
            client.close()
        }
    }

    @Test func `a dry run fails as the reload does`() throws {
        try withUsherd(Self.configuration) { daemon in
            let taken = try Server()
            try daemon.write(
                Self.configuration + "\n[listener.new]\nlisten = \"\(taken.address)\"\nservice = \"echo\"\n")
            let planned = try usherctl(daemon, "reload", "--dry-run")
            let reloaded = try usherctl(daemon, "reload")
            #expect(planned.end == .exited(1) && reloaded.end == .exited(1))
            let reason = reloaded.errors.replacing(
                "usherctl: the reload failed, and the configuration in force stays: ", with: "")
            #expect(planned.errors == "usherctl: the reload would fail: \(reason)")
            #expect(reason.contains("Address already in use"))
            taken.close()
        }
    }
}
