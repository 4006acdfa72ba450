// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct ReloadPlanTextTests {
    private func text(_ plan: ControlResults.PlanReload) -> String { ReloadPlanText(plan, OutputStyle()).text }

    private static func setting(
        _ section: String, _ key: String, _ value: String?, line: Int? = nil, _ file: String = "usherd.toml"
    ) -> Setting {
        Setting(
            section: section, key: key, value: value, origin: line == nil ? .standard : .written,
            file: line == nil ? nil : "/etc/usherd/\(file)", line: line)
    }

    @Test func `a plan is a difference with the places of its values`() {
        var changed = ListenerChange(name: "web", change: .changed, connections: 12)
        changed.settings = [
            SettingChange(
                old: Self.setting("listener.web", "idle-timeout", "false"),
                new: Self.setting("listener.web", "idle-timeout", "\"5m\"", line: 42)),
            SettingChange(
                old: Self.setting("listener.web.health", "rise", "2"),
                new: Self.setting("listener.web.health", "rise", "3", line: 43)),
            SettingChange(
                upstream: "\"tcp://10.0.0.5:443\"", old: Self.setting("listener.web.to", "weight", "1"),
                new: Self.setting("listener.web.to", "weight", "3", line: 44)),
            SettingChange(
                upstream: "\"tcp://10.0.0.6:443\"",
                old: nil, new: Self.setting("listener.web.to", "address", "\"tcp://10.0.0.6:443\"", line: 45)),
        ]
        var moved = ListenerChange(name: "moved", change: .rebound, connections: 1)
        moved.opens = ["tcp://127.0.0.1:81"]
        moved.closes = ["tcp://127.0.0.1:80"]
        moved.waitsFor = ["192.0.2.1 missing"]
        var gone = ListenerChange(name: "gone", change: .removed, connections: 3)
        gone.drainMicroseconds = 30_000_000
        gone.settings = [SettingChange(old: Self.setting("listener.gone", "service", "\"echo\"", line: 9), new: nil)]
        var new = ListenerChange(name: "new", change: .added, connections: 0)
        new.settings = [
            SettingChange(
                old: nil, new: Self.setting("listener.new", "service", "\"echo\"", line: 2, "conf.d/new.toml"))
        ]
        let plan = ControlResults.PlanReload(
            settings: [
                SettingChange(
                    old: Self.setting("daemon", "drain-timeout", "\"30s\"", line: 4),
                    new: Self.setting("daemon", "drain-timeout", "\"10s\"", line: 4)),
                SettingChange(
                    old: Self.setting("daemon", "operators", nil),
                    new: Self.setting("daemon", "operators", "\"adm\"", line: 5)),
            ],
            listeners: [
                changed, moved, new, ListenerChange(name: "same", change: .unchanged, connections: 40), gone,
            ])
        #expect(
            text(plan) == """
                files are in /etc/usherd/
                [daemon]
                - drain-timeout = "30s"  # usherd.toml:4
                + drain-timeout = "10s"  # usherd.toml:4
                - operators is not set  # default
                + operators = "adm"     # usherd.toml:5
                ~ listener web: changed; 12 connections keep their settings
                  - idle-timeout = false  # default
                  + idle-timeout = "5m"   # usherd.toml:42
                  - health.rise = 2  # default
                  + health.rise = 3  # usherd.toml:43
                  - upstream "tcp://10.0.0.5:443": weight = 1  # default
                  + upstream "tcp://10.0.0.5:443": weight = 3  # usherd.toml:44
                  + upstream = "tcp://10.0.0.6:443"  # usherd.toml:45
                ~ listener moved: rebound; 1 connection keeps its settings
                  - closes tcp://127.0.0.1:80
                  + opens tcp://127.0.0.1:81
                    would wait for 192.0.2.1 missing
                + listener new: added
                  + service = "echo"  # conf.d/new.toml:2
                - listener gone: removed; 3 connections have 30s to end
                  - service = "echo"  # usherd.toml:9
                  1 listener stays unchanged, with 40 connections

                """)
    }

    @Test func `nothing is a sentence of its own`() {
        let same = [1, 2].map { ListenerChange(name: "\($0)", change: .unchanged, connections: $0) }
        #expect(
            text(ControlResults.PlanReload(settings: [], listeners: same))
                == "nothing would change: 2 listeners stay unchanged, with 3 connections\n")
    }

    @Test func `nothing is cut, and control characters are escaped`() {
        let long = String(repeating: "x", count: 100)
        var listener = ListenerChange(name: "a\u{1b}", change: .added, connections: 0)
        listener.opens = ["unix:///\(long)"]
        listener.settings = [
            SettingChange(old: nil, new: Self.setting("listener.a", "listen", "\"\(long)\u{7}\"", line: 1))
        ]
        let text = text(ControlResults.PlanReload(settings: [], listeners: [listener]))
        let lines = text.split(separator: "\n")
        #expect(text.contains("      unix:///\(long)\n"))
        #expect(text.hasSuffix("      \"\(long)\\u{7}\"\n"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(lines[4] == "  + # usherd.toml:1")
    }

    @Test func `long lines are wrapped, and have every value and count`() {
        let upstreams = (1...6).map { "\"tcp://192.0.2.\($0):8443\"" }
        let name = String(repeating: "n", count: 45)
        var listener = ListenerChange(name: name, change: .changed, connections: 12_345)
        listener.settings = [
            SettingChange(
                old: Self.setting("listener.a", "to", "[\(upstreams.dropLast().joined(separator: ", "))]", line: 1),
                new: Self.setting("listener.a", "to", "[\(upstreams.joined(separator: ", "))]", line: 1))
        ]
        #expect(
            text(ControlResults.PlanReload(settings: [], listeners: [listener])) == """
                files are in /etc/usherd/
                ~ listener \(name): changed; 12345
                    connections keep their settings
                  - # usherd.toml:1
                  - to = ["tcp://192.0.2.1:8443", "tcp://192.0.2.2:8443",
                      "tcp://192.0.2.3:8443", "tcp://192.0.2.4:8443", "tcp://192.0.2.5:8443"]
                  + # usherd.toml:1
                  + to = ["tcp://192.0.2.1:8443", "tcp://192.0.2.2:8443",
                      "tcp://192.0.2.3:8443", "tcp://192.0.2.4:8443", "tcp://192.0.2.5:8443",
                      "tcp://192.0.2.6:8443"]

                """)
    }
}
