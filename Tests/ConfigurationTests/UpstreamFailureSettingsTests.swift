// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML
import Testing

@testable import Configuration

/// `eject`, `keepalive` and `user-timeout` of a relay.
@Suite struct UpstreamFailureSettingsTests {
    private func load(_ keys: String, defaults: String = "", listen: String = "tcp://127.0.0.1:1") -> (
        forward: ForwardSettings?, listener: ListenerSettings?, problems: [String], notes: [String]
    ) {
        let text =
            "[defaults]\n\(defaults)\n[listener.front]\nlisten = \"\(listen)\"\nservice = \"forward\"\n\(keys)\n"
        let (configuration, problems) = Configuration.parse(text)
        let listener = configuration?.listeners.first
        return (
            listener?.service.forward, listener, problems.map(\.summary), (configuration?.notes ?? []).map(\.summary)
        )
    }

    private static let to = "to = \"tcp://10.0.0.5:80\"\n"

    private static let ejections: [(String, EjectionSettings?)] = [
        ("true", EjectionSettings()), ("false", nil), ("{}", EjectionSettings()),
        ("{ failures = 1 }", EjectionSettings(failures: 1)),
        (
            "{ failures = 5, window = \"10s\", first = \"100ms\", longest = \"5s\" }",
            EjectionSettings(failures: 5, window: .seconds(10), first: .milliseconds(100), longest: .seconds(5))
        ),
        // A long first one alone is no mistake.
        ("{ first = \"2m\" }", EjectionSettings(first: .seconds(120), longest: .seconds(120))),
    ]

    @Test(arguments: ejections) func `eject is read`(text: String, settings: EjectionSettings?) {
        #expect(load(Self.to + "eject = \(text)").forward?.eject == settings)
    }

    @Test func `without eject, three failures within a minute eject for a second, and for a minute at most`() {
        #expect(
            load(Self.to).forward?.eject
                == EjectionSettings(
                    failures: 3, window: .seconds(60), first: .seconds(1), longest: .seconds(60)))
    }

    private static let mistakes: [(String, String)] = [
        ("eject = 3", "`eject` must be true, false or a table"),
        ("eject = { failures = 0 }", "`failures` is out of range: 0"),
        ("eject = { first = \"1m\", longest = \"1s\" }", "`longest` is shorter than `first`, which is 1m"),
        ("eject = { fails = 3 }", "`eject` has no key `fails`"),
        ("eject = true\nhealth = true", "`eject` does nothing beside `health`"),
        ("eject = {}\nhealth = { fall = 2 }", "`eject` does nothing beside `health`"),
        ("user-timeout = \"1ms\"", "`user-timeout` is out of range: 1ms"),
        ("user-timeout = true", "`user-timeout` must say how much"),
    ]

    @Test(arguments: mistakes) func `mistakes are reported`(keys: String, message: String) {
        let problems = load(Self.to + keys).problems
        #expect(problems.count == 1 && problems.first?.contains(message) == true, "\(problems)")
    }

    @Test func `eject = false with health is valid`() {
        #expect(load(Self.to + "eject = false\nhealth = true").problems.isEmpty)
        #expect(load(Self.to + "eject = true\nhealth = false").problems.isEmpty)
    }

    // MARK: - Timers

    private static let probes = ListeningOptions.KeepAlive(idle: 60)

    @Test func `keepalive and user-timeout are for clients and upstreams`() throws {
        let loaded = load(Self.to + "keepalive = \"60s\"\nuser-timeout = \"1500ms\"")
        let listener = try #require(loaded.listener)
        #expect(listener.options(for: listener.listen[0]).keepAlive == Self.probes)
        #expect(listener.options(for: listener.listen[0]).userTimeout == 1500)
        #expect(loaded.forward?.upstreams.map(\.timers) == [PeerTimers(keepAlive: Self.probes, userTimeout: 1500)])
    }

    @Test func `keepalive and user-timeout are inherited, and an upstream may override them`() {
        let loaded = load(
            """
            to = [
                "tcp://10.0.0.5:80", "unix:///run/b", { address = "tcp://10.0.0.6:80", keepalive = false },
                { address = "tcp://10.0.0.7:80", keepalive = "5s", user-timeout = "7s" },
            ]
            """, defaults: "keepalive = \"60s\"\nuser-timeout = \"30s\"")
        #expect(
            loaded.forward?.upstreams.map(\.timers) == [
                PeerTimers(keepAlive: Self.probes, userTimeout: 30_000), PeerTimers(),
                PeerTimers(userTimeout: 30_000), PeerTimers(keepAlive: .init(idle: 5), userTimeout: 7000),
            ])
    }

    @Test func `false in a listener removes the inherited value for its upstreams too`() {
        let loaded = load(
            Self.to + "keepalive = false\nuser-timeout = false", defaults: "keepalive = true\nuser-timeout = \"30s\"")
        #expect(loaded.forward?.upstreams.map(\.timers) == [PeerTimers()])
    }

    @Test func `timers of a Unix listener apply to its TCP upstream`() {
        #expect(load(Self.to + "keepalive = true", listen: "unix:///run/a").problems.isEmpty)
        let problems = load("to = \"unix:///run/b\"\nuser-timeout = \"1s\"", listen: "unix:///run/a").problems
        #expect(problems.first?.contains("`user-timeout` is for TCP") == true, "\(problems)")
        let other = load("to = { address = \"unix:///run/b\", keepalive = true }").problems
        #expect(other.first?.contains("are for TCP, and this upstream is not tcp") == true, "\(other)")
    }

    /// tcp(7): with a user-timeout, probes are not counted.
    @Test(arguments: [
        // idle + interval × count is 150 s; the fifth probe is unanswered at 110 s, the ninth at 150 s.
        ("150s", nil), ("141s", nil), ("140s", "8 unanswered probes (2m20s), not after 9 (2m30s)"),
        ("30s", "1 unanswered probe (1m10s), not after 9 (2m30s)"),
        ("151s", "10 unanswered probes (2m40s), not after 9 (2m30s)"),
        ("1h", "354 unanswered probes (1h), not after 9 (2m30s)"),
    ])
    func `a user-timeout that overrules the count of keepalive gets a note`(timeout: String, part: String?) {
        let keys = "keepalive = { idle = \"60s\", interval = \"10s\", count = 9 }\nuser-timeout = \"\(timeout)\""
        let notes = load(Self.to + keys).notes
        #expect(notes.count == (part == nil ? 0 : 1), "\(notes)")
        if let part { #expect(notes.first?.contains(part) == true, "\(notes)") }
        #expect(load(Self.to + "user-timeout = \"\(timeout)\"").notes.isEmpty)
    }

    @Test func `omitted keepalive values are the kernel's, and the hint suggests a valid one`() throws {
        let text = "[listener.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"echo\"\nkeepalive = \"60s\"\n"
        let note = try #require(Configuration.parse(text + "user-timeout = \"30s\"\n").0?.notes.first)
        #expect(
            note.description == """
                usherd.toml:5:1: note: the listener `a`: user-timeout = "30s" overrules the `count` of keepalive: a connection \
                whose peer is silent ends after 1 unanswered probe (2m15s), not after 9 (12m15s)
                    5 | user-timeout = "30s"
                      | ^^^^^^^^^^^^
                help: write user-timeout = "12m15s", which is idle + interval × count; or leave out one of them: tcp(7)
                """)
        #expect(Configuration.parse(text + "user-timeout = \"12m15s\"\n").0?.notes.isEmpty == true)
        let own = load("keepalive = true\nto = { address = \"tcp://10.0.0.5:80\", user-timeout = \"1s\" }").notes
        #expect(own.count == 1 && own.first?.contains("the upstream: user-timeout") == true, "\(own)")
    }

    @Test(arguments: [
        (["udp://127.0.0.1:1", "unix:///run/a"], 0),
        (["tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "udp://127.0.0.1:1"], 1), (["systemd://a"], 1),
    ])
    func `timers of [defaults] get one note if a TCP listener inherits them`(addresses: [String], count: Int) {
        let text = addresses.enumerated().map {
            "[listener.l\($0.offset)]\nlisten = \"\($0.element)\"\nservice = \"echo\"\n"
        }
        let notes = Configuration.parse(
            "[defaults]\nkeepalive = true\nuser-timeout = \"30s\"\n" + text.joined()
        ).0?.notes
        #expect(notes?.count == count)
        let beginning = "usherd.toml:3:1: note: [defaults]: user-timeout"
        #expect(notes?.allSatisfy { $0.description.hasPrefix(beginning) } == true)
    }
}
