// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl config` on a running daemon.
@Suite struct ControlConfigTests {
    private static let configuration = """
        [defaults]
        idle-timeout = "10m"

        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
        service = "echo"

        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [{ address = "unix://$DIR/echo", weight = 3 }, "tcp://127.0.0.1:9"]
        health = { interval = "1h", send = "PING\\r\\n", expect = "PING" }
        """

    private func usherctl(_ daemon: Usherd, _ arguments: String...) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"), arguments + ["--control", daemon.directory.appending("control")],
            environment: ChildProcess.plainEnvironment)
    }

    private struct Setting: Decodable, Equatable {
        var section: String
        var index: Int?
        var key: String
        var value: String?
        var origin: String
        var file: String?
        var line: Int?

        /// Without the place.
        var content: [String] { [section, "\(index ?? -1)", key, value ?? "-"] }
    }

    private func settings(_ daemon: Usherd) throws -> [Setting] {
        let result = try usherctl(daemon, "config", "--json")
        try #require(result.succeeded, "\(result.errors)")
        return try JSONDecoder().decode([String: [Setting]].self, from: Data(result.output))["settings"] ?? []
    }

    @Test func `each value has its line`() throws {
        try withUsherd(Self.configuration) { daemon in
            let settings = try settings(daemon)
            let file = daemon.directory.appending("usherd.toml")
            func find(_ section: String, _ key: String) -> Setting? {
                settings.first { $0.section == section && $0.key == key }
            }
            // The harness writes three lines of [log] in front.
            #expect(
                find("listener.echo", "idle-timeout")
                    == Setting(
                        section: "listener.echo", key: "idle-timeout", value: "\"10m\"", origin: "inherited",
                        file: file, line: 5))
            #expect(
                find("listener.front.to", "weight")
                    == Setting(
                        section: "listener.front.to", index: 0, key: "weight", value: "3", origin: "written",
                        file: file, line: 14))
            #expect(
                find("daemon", "max-connections")
                    == Setting(section: "daemon", key: "max-connections", value: "10000", origin: "default"))
            let one = try usherctl(daemon, "config", "--listener", "echo")
            #expect(one.text.hasPrefix("# files are in \(daemon.directory.path)/\n\n[listener.echo]\n"))
            #expect(one.text.contains("\nservice = \"echo\""))
            #expect(!one.text.contains("listener.front"))
            let unknown = try usherctl(daemon, "config", "--listener", "ecko")
            #expect(unknown.end == .exited(1))
            #expect(unknown.errors.hasPrefix("usherctl: no listener is named ecko: did you mean echo?"))
        }
    }

    @Test func `the text is a configuration with the same values`() throws {
        try withUsherd(Self.configuration) { daemon in
            let text = try usherctl(daemon, "config").text
            let first = try settings(daemon)
            let copy = daemon.directory.appending("copy.toml")
            try daemon.directory.write(text, to: "copy.toml")
            let check = try run(BuiltProgram.usherd(), ["--check", "--config", copy])
            #expect(check.succeeded, "\(check.errors)\n\(text)")
            try daemon.reload(text)
            #expect(try settings(daemon).map(\.content) == first.map(\.content))
            let lines = text.split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= 80 || $0.contains(daemon.directory.path) })
        }
    }
}
