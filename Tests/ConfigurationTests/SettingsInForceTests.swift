// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import TestSupport
import Testing

/// The values in force: what they are, where they come from, and that they make the same configuration again.
@Suite struct SettingsInForceTests {
    private func settings(_ files: (String, String)..., of listener: String? = nil) throws -> [SettingInForce] {
        let (configuration, problems) = Configuration.parse(
            files: files.map { ($0.0, Array($0.1.utf8)) }, host: TestHost())
        try #require(configuration != nil, "\(problems)")
        return configuration?.settings(of: listener) ?? []
    }

    /// `SECTION KEY VALUE ORIGIN`, one a line.
    private func text(_ settings: [SettingInForce]) -> String {
        settings.map { setting in
            let place = setting.origin.line.map { "\($0.file):\($0.line)" }
            let origin =
                switch setting.origin {
                case .standard: "default"
                case .inherited: "inherited \(place ?? "")"
                case .written: place ?? ""
                }
            let section = setting.section + (setting.index.map { "#\($0)" } ?? "")
            return "\(section) \(setting.key) \(setting.value ?? "-") \(origin)\n"
        }.joined()
    }

    /// The values as a file.
    private func file(_ settings: [SettingInForce]) -> String {
        var text = ""
        var last: SettingInForce?
        for setting in settings {
            if last?.section != setting.section || last?.index != setting.index {
                text += setting.index == nil ? "[\(setting.section)]\n" : "[[\(setting.section)]]\n"
            }
            last = setting
            if let value = setting.value { text += "\(setting.key) = \(value)\n" }
        }
        return text
    }

    @Test func `each value has its line, that of the defaults, or none`() throws {
        let settings = try settings(
            ("usherd.toml", "[daemon]\noperators = \"adm\"\n[defaults]\nidle-timeout = \"1h30m\"\n"),
            (
                "conf.d/a.toml",
                """
                [daemon]
                control = "/run/x"
                [listener."a.b"]
                listen = ["tcp://127.0.0.1:7", "unix:///run/a\\\"b"]
                service = "forward"
                to = ["tcp://10.0.0.1:1",
                  { address = "tcp://10.0.0.2:1", weight = 0, keepalive = { idle = "9s", count = 2 }, backup = true }]
                health = { interval = "500ms", send = "\\u0007é\\n" }
                lifetime = "1d"
                """
            ))
        #expect(
            text(settings) == """
                daemon lanes "auto" default
                daemon max-connections 10000 default
                daemon drain-timeout "30s" default
                daemon history 1000 default
                daemon control "/run/x" conf.d/a.toml:2
                daemon operators "adm" usherd.toml:2
                log to - default
                log format "text" default
                log exact false default
                log level "info" default
                listener."a.b" listen ["tcp://127.0.0.1:7", "unix:///run/a\\"b"] conf.d/a.toml:4
                listener."a.b" service "forward" conf.d/a.toml:5
                listener."a.b" accept-proxy - default
                listener."a.b" idle-timeout "1h30m" inherited usherd.toml:4
                listener."a.b" lifetime "1d" conf.d/a.toml:9
                listener."a.b" max-connections false default
                listener."a.b" log ["open", "close"] default
                listener."a.b" keepalive false default
                listener."a.b" user-timeout false default
                listener."a.b" backlog 4096 default
                listener."a.b" balance "least-connections" default
                listener."a.b" attempts 3 default
                listener."a.b" connect-timeout "5s" default
                listener."a.b" queue-timeout "5s" default
                listener."a.b" queue-limit 1024 default
                listener."a.b" resolve-interval - default
                listener."a.b" source - default
                listener."a.b" send-proxy false default
                listener."a.b" on-down "keep" default
                listener."a.b" half-close-timeout false default
                listener."a.b" progress-interval false default
                listener."a.b".health interval "500ms" conf.d/a.toml:8
                listener."a.b".health timeout "500ms" default
                listener."a.b".health rise 2 default
                listener."a.b".health fall 3 default
                listener."a.b".health send "\\u0007\\u00E9\\n" conf.d/a.toml:8
                listener."a.b".health expect - default
                listener."a.b".to#0 address "tcp://10.0.0.1:1" conf.d/a.toml:6
                listener."a.b".to#0 weight 1 default
                listener."a.b".to#0 max-connections - default
                listener."a.b".to#0 backup false default
                listener."a.b".to#1 address "tcp://10.0.0.2:1" conf.d/a.toml:7
                listener."a.b".to#1 weight 0 conf.d/a.toml:7
                listener."a.b".to#1 max-connections - default
                listener."a.b".to#1 backup true conf.d/a.toml:7
                listener."a.b".to#1 keepalive { idle = "9s", count = 2 } conf.d/a.toml:7

                """)
    }

    @Test func `one upstream without an array has the places of its keys`() throws {
        for to in [
            "to = \"tcp://10.0.0.1:1\"", "to.address = \"tcp://10.0.0.1:1\"\nto.weight = 5",
            "[[listener.a.to]]\naddress = \"tcp://10.0.0.1:1\"\nweight = 5",
        ] {
            let settings = try settings(
                (
                    "usherd.toml",
                    "[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"forward\"\n\n\(to)\n"
                ), of: "a")
            let upstream = settings.filter { $0.section == "listener.a.to" }
            let first = to.hasPrefix("[[") ? 6 : 5
            #expect(upstream.first?.origin.line == SettingLine(file: "usherd.toml", line: first))
            let weight = upstream.first { $0.key == "weight" }
            #expect(weight?.origin.line?.line == (to.contains("weight") ? first + 1 : nil))
        }
    }

    @Test func `a listener alone has its own values`() throws {
        let both = "[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"echo\"\n"
        let text = both + both.replacing("listener.a", with: "listener.b").replacing(":7", with: ":8")
        let one = try settings(("usherd.toml", text), of: "b")
        #expect(Set(one.map(\.section)) == ["listener.b"])
        #expect(one[0].origin == .written(SettingLine(file: "usherd.toml", line: 5)))
        #expect(try settings(("usherd.toml", text), of: "c").isEmpty)
    }

    @Test func `a listener that only moved in its file is the same`() {
        let text = "[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"echo\"\n"
        let (one, _) = Configuration.parse(text)
        let (other, _) = Configuration.parse("\n\n" + text)
        #expect(one != nil && one == other)
        #expect(one?.settings() != other?.settings())
    }

    private static let written = [
        """
        [daemon]
        lanes = 3
        control = false
        drain-timeout = "0s"
        history = false
        [log]
        to = ["journal", "stdout", "file:/var/log/a b.log"]
        exact = true
        [listener.a]
        listen = ["udp://*:7", "tcp://localhost:8"]
        service = "chargen"
        allow-amplification = true
        backlog = 5
        log = "close"
        keepalive = true
        user-timeout = "100ms"
        [listener.b]
        listen = ["unix:///b?mode=0600&backlog=9", "tcp://[fe80::1%eth0]:9"]
        service = "echo"
        accept-proxy = ["unix", "10.0.0.0/8"]
        keepalive = "7s"
        log = false
        [listener.c]
        listen = "udp://127.0.0.1:10"
        service = "time"
        """,
        """
        [listener.a]
        listen = "can://can0?id=0x123&mask=0x7ff"
        service = "forward"
        to = "can://can1"
        eject = false
        [listener.b]
        listen = "can://can2"
        service = "forward"
        to = "udp://127.0.0.1:1"
        flow = "identifier"
        [listener.c]
        listen = "tcp://127.0.0.1:1"
        service = "forward"
        framing = "length16"
        to = { address = "udp://127.0.0.1:2", max-connections = 4 }
        send-proxy = "v2-each"
        source = "127.0.0.2"
        eject = { first = "2m" }
        resolve-interval = "1m"
        half-close-timeout = "1m"
        progress-interval = "10m"
        on-down = "close"
        [listener.d]
        listen = "systemd://d"
        service = "forward"
        balance = "first"
        health = true
        to = ["tcp://web.example:1", { address = "tcp://web.example:2", user-timeout = "1s", backup = true }]
        source = "[fe80::2%eth0]"
        [listener.e]
        listen = "unix-dgram:///e"
        service = "echo"
        """,
    ]

    /// The shipped configuration, the examples, and what has every key.
    private static let files: [String] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("config")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("examples").path))
        let examples = (names ?? []).filter { $0.hasSuffix(".toml") }.map { "examples/\($0)" }.sorted()
        return (["usherd.toml"] + examples).compactMap {
            try? String(contentsOf: root.appendingPathComponent($0), encoding: .utf8)
        } + written
    }()

    @Test func `all files are there`() { #expect(Self.files.count == 14) }

    @Test(arguments: files) func `the values in force make a configuration with the same values`(text: String) throws {
        let first = try settings(("usherd.toml", text))
        let again = try settings(("again.toml", file(first)))
        #expect(
            again.map { [$0.section, $0.key, $0.value ?? "-"] } == first.map { [$0.section, $0.key, $0.value ?? "-"] })
        // What has a value was written into the file, so that it has a line there.
        #expect(again.allSatisfy { ($0.value == nil) == ($0.origin.line == nil) })
    }
}
