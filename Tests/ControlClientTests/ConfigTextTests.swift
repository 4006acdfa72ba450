// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct ConfigTextTests {
    private func text(_ settings: [Setting], columns: Int = 80) -> String {
        ConfigText(ControlResults.Config(settings: settings), OutputStyle(columns: columns)).text
    }

    private static let daemon = [
        Setting(section: "daemon", key: "lanes", value: "\"auto\""),
        Setting(
            section: "daemon", key: "max-connections", value: "5000", origin: .written,
            file: "/etc/usherd/usherd.toml", line: 3),
        Setting(section: "daemon", key: "operators", value: nil),
        Setting(
            section: "listener.a", key: "log", value: "false", origin: .inherited,
            file: "/etc/usherd/conf.d/a.toml", line: 12),
        Setting(
            section: "listener.a.to", index: 0, key: "weight", value: "1", origin: .written,
            file: "/etc/usherd/conf.d/b.toml", line: 1),
        Setting(section: "listener.a.to", index: 1, key: "weight", value: "2"),
    ]

    @Test func `the values are TOML, and their origins a column of comments`() {
        #expect(
            text(Self.daemon) == """
                # files are in /etc/usherd/

                [daemon]
                lanes = "auto"          # default
                max-connections = 5000  # usherd.toml:3
                # operators is not set

                [listener.a]
                log = false             # conf.d/a.toml:12 [defaults]

                [[listener.a.to]]
                weight = 1              # conf.d/b.toml:1

                [[listener.a.to]]
                weight = 2              # default

                """)
    }

    @Test func `what is too long for its comment or for the line is broken`() {
        let wide = "\"\(String(repeating: "x", count: 60))\""
        let list = "[\"a, \\\"b\", \(wide), \"c\"]"
        let lines = text([
            Setting(section: "log", key: "level", value: "\"info\""),
            Setting(section: "log", key: "to", value: wide, origin: .written, file: "/u.toml", line: 2),
            Setting(section: "log", key: "all", value: list, origin: .written, file: "/u.toml", line: 3),
            Setting(section: "log", key: "key", value: wide, origin: .written, file: "/usherd.toml", line: 1_000_000),
        ]).split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "# files are in /", "[log]", "level = \"info\"  # default", "to = \(wide)  # u.toml:2", "# u.toml:3",
                "all = [", "  \"a, \\\"b\",", "  \(wide),", "  \"c\",", "]", "# usherd.toml:1000000", "key = \(wide)",
            ])
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test func `what comes from outside cannot control the terminal`() {
        let text = text([
            Setting(section: "a\u{1b}", key: "b\n", value: "\u{9b}", origin: .written, file: "/\u{7}/x", line: 1)
        ])
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(text.split(separator: "\n").count == 3)
    }

    @Test func `files in no common directory have their whole path`() {
        let text = text([
            Setting(section: "log", key: "a", value: "1", origin: .written, file: "b/x.toml", line: 1),
            Setting(section: "log", key: "b", value: "1", origin: .written, file: "/b/x.toml", line: 1),
        ])
        #expect(text == "[log]\na = 1  # b/x.toml:1\nb = 1  # /b/x.toml:1\n")
    }
}
