// SPDX-License-Identifier: Apache-2.0

import Addresses
import Relaying
import TOML
import Testing

@testable import Configuration

/// What a listener with `service = "forward"` becomes. What is said of mistakes is in `Golden`.
@Suite struct ForwardTests {
    private func parse(_ keys: String, listen: String = "\"tcp://127.0.0.1:1\"") throws -> ForwardSettings {
        let text = "[listener.front]\nlisten = \(listen)\nservice = \"forward\"\n\(keys)\n"
        let (configuration, problems) = Configuration.parse(text)
        try #require(problems.isEmpty, "\(problems)")
        return try #require(configuration?.listeners.first?.service.forward)
    }

    private static let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))

    private static func upstream(_ address: String) throws -> UpstreamSettings {
        UpstreamSettings(endpoint: try Endpoint(parsing: address), origin: origin)
    }

    @Test func oneAddressIsEnough() throws {
        let settings = try parse("to = \"tcp://10.0.0.5:443\"")
        #expect(settings == ForwardSettings(upstreams: [try Self.upstream("tcp://10.0.0.5:443")]))
        #expect(settings.balance == .leastConnections)
        #expect(settings.attempts == 3)
        #expect(settings.connectTimeout == .seconds(5))
        #expect(settings.queueTimeout == .seconds(5))
        #expect(settings.queueLimit == 1024)
        #expect(settings.resolveInterval == nil)
        #expect(settings.source == nil)
        #expect(settings.sendProxy == nil)
        #expect(settings.framing == nil)
        #expect(settings.health == nil)
        #expect(settings.onDown == .keep)
        #expect(settings.halfCloseTimeout == nil)
        #expect(settings.progressInterval == nil)
        #expect(settings.upstreams.map(\.origin.description) == ["usherd.toml:4:6"])
    }

    @Test(arguments: Framing.allCases) func aFramingLiesBetweenAStreamAndDatagrams(_ framing: Framing) throws {
        let pairs = [
            ("tcp://127.0.0.1:1", "udp://10.0.0.5:53"), ("unix://@a", "unix-dgram://@b"),
            ("vsock://5:5", "udp://10.0.0.5:53"), ("udp://127.0.0.1:1", "tcp://10.0.0.5:53"),
            ("unix-dgram://@a", "unix://@b"), ("rds://127.0.0.1:1", "vsock://host:5"),
            // Which of the two it is, only the start will show.
            ("systemd://passed", "udp://10.0.0.5:53"),
        ]
        for (listen, upstream) in pairs {
            let settings = try parse("to = \"\(upstream)\"\nframing = \"\(framing.rawValue)\"", listen: "\"\(listen)\"")
            #expect(settings.framing == framing)
        }
        // What is alike needs none, but may come to the same listener.
        let both = try parse(
            "to = \"udp://10.0.0.5:53\"\nframing = \"\(framing.rawValue)\"",
            listen: "[\"tcp://127.0.0.1:1\", \"udp://127.0.0.1:1\"]")
        #expect(both.framing == framing)
        #expect(both.summary == ["to udp://10.0.0.5:53", "framing \(framing.rawValue)"])
    }

    @Test func aBusGoesIntoAStreamOfCountedMessages() throws {
        let settings = try parse("to = \"tcp://10.0.0.5:53\"\nframing = \"length16\"", listen: "\"can://can0\"")
        #expect(settings.framing == .length16)
    }

    @Test func everyHeaderIsForDatagramsOfAFraming() throws {
        let settings = try parse("to = \"udp://10.0.0.5:53\"\nframing = \"lines\"\nsend-proxy = \"v2-each\"")
        #expect(settings.sendProxy == .v2 && settings.sendsProxyEach)
    }

    @Test func readsEveryKey() throws {
        let settings = try parse(
            """
            to = [
                "tcp://web.example:443",
                { address = "unix:///run/web", weight = 3, max-connections = 100, backup = true },
                { address = "vsock://host:5", weight = 0, backup = false },
            ]
            balance = "source-hash"
            attempts = 1
            connect-timeout = "250ms"
            queue-timeout = "1s"
            queue-limit = 0
            resolve-interval = "30s"
            source = "10.0.0.2"
            send-proxy = "v1"
            health = { interval = "5s", timeout = "500ms", rise = 1, fall = 4, send = "PING\\r\\n\\u0000", expect = "ü" }
            on-down = "close"
            half-close-timeout = "1m"
            progress-interval = "10m"
            """)
        var wanted = ForwardSettings(
            upstreams: [
                try Self.upstream("tcp://web.example:443"), try Self.upstream("unix:///run/web"),
                try Self.upstream("vsock://host:5"),
            ],
            balance: .sourceHash, attempts: 1, connectTimeout: .milliseconds(250), queueTimeout: .seconds(1),
            queueLimit: 0, resolveInterval: .seconds(30), source: .ipv4(IPv4Address(0x0a00_0002), port: 0),
            sendProxy: .v1,
            health: HealthSettings(
                interval: .seconds(5), timeout: .milliseconds(500), rise: 1, fall: 4, send: Array("PING\r\n\0".utf8),
                expect: [0xc3, 0xbc]),
            onDown: .close, halfCloseTimeout: .seconds(60), progressInterval: .seconds(600))
        wanted.upstreams[1].weight = 3
        wanted.upstreams[1].maxConnections = 100
        wanted.upstreams[1].isBackup = true
        wanted.upstreams[2].weight = 0
        #expect(settings == wanted)
    }

    @Test(arguments: [
        "to = [\"tcp://10.0.0.5:80\", { address = \"tcp://10.0.0.6:80\", weight = 2 }]",
        "to = [{ address = \"tcp://10.0.0.5:80\" }, { address = \"tcp://10.0.0.6:80\", weight = 2 }]",
        "[[listener.front.to]]\naddress = \"tcp://10.0.0.5:80\"\n"
            + "[[listener.front.to]]\naddress = \"tcp://10.0.0.6:80\"\nweight = 2",
    ])
    func takesEveryShape(text: String) throws {
        var wanted = [try Self.upstream("tcp://10.0.0.5:80"), try Self.upstream("tcp://10.0.0.6:80")]
        wanted[1].weight = 2
        #expect(try parse(text).upstreams == wanted)
    }

    @Test(arguments: [
        "to = { address = \"tcp://10.0.0.5:80\" }", "to.address = \"tcp://10.0.0.5:80\"",
        "[listener.front.to]\naddress = \"tcp://10.0.0.5:80\"",
    ])
    func takesOneTable(text: String) throws {
        #expect(try parse(text).upstreams == [try Self.upstream("tcp://10.0.0.5:80")])
    }

    @Test(arguments: [
        ("least-connections", BalanceMethod.leastConnections), ("round-robin", .roundRobin), ("random", .random),
        ("source-hash", .sourceHash), ("first", .first),
    ])
    func knowsEveryBalancingMethod(name: String, method: BalanceMethod) throws {
        #expect(try parse("to = \"tcp://10.0.0.5:80\"\nbalance = \"\(name)\"").balance == method)
    }

    @Test(arguments: [
        ("true", HealthSettings()), ("false", nil), ("{}", HealthSettings()),
        ("{ fall = 1 }", HealthSettings(fall: 1)),
        // A check is over before the next begins, without having to say so.
        ("{ interval = \"500ms\" }", HealthSettings(interval: .milliseconds(500), timeout: .milliseconds(500))),
        ("{ interval = \"1h\" }", HealthSettings(interval: .seconds(3600))),
        ("{ timeout = \"2s\" }", HealthSettings(timeout: .seconds(2))),
        ("{ timeout = \"5s\", interval = \"5s\" }", HealthSettings(interval: .seconds(5), timeout: .seconds(5))),
    ])
    func readsHealth(text: String, health: HealthSettings?) throws {
        #expect(try parse("to = \"tcp://10.0.0.5:80\"\nhealth = \(text)").health == health)
    }

    @Test func checksSendAndExpectAsMuchAsThis() throws {
        let longest = String(repeating: "x", count: HealthSettings.longestText)
        for key in ["send", "expect"] {
            let text = "to = \"tcp://10.0.0.5:80\"\nhealth = { \(key) = \"\(longest)\" }"
            #expect(try parse(text).health != nil)
            let (configuration, problems) = Configuration.parse(
                "[listener.front]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"forward\"\n"
                    + text.replacing("xxx", with: "xxxx", maxReplacements: 1))
            #expect(configuration == nil)
            #expect(problems.map(\.message) == ["`\(key)` is 4097 bytes long"])
        }
    }

    @Test func falseIsNone() throws {
        let settings = try parse(
            """
            to = "tcp://10.0.0.5:80"
            send-proxy = false
            health = false
            half-close-timeout = false
            progress-interval = false
            """)
        #expect(settings == ForwardSettings(upstreams: settings.upstreams))
    }

    @Test(arguments: [
        ("10.0.0.2", "tcp://10.0.0.5:80", SocketAddress.ipv4(IPv4Address(0x0a00_0002), port: 0)),
        ("10.0.0.2", "tcp://web.example:80", .ipv4(IPv4Address(0x0a00_0002), port: 0)),
        ("[::1]", "tcp://web.example:80", .ipv6(.loopback, port: 0, scope: 0)),
        ("[::1]", "tcp://[2001:db8::5]:80", .ipv6(.loopback, port: 0, scope: 0)),
        ("[::1%lo]", "tcp://[2001:db8::5]:80", .ipv6(.loopback, port: 0, scope: 1)),
        (
            "[fe80::1%eth0]", "tcp://[fe80::5%eth0]:80",
            .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 0, scope: 2)
        ),
        (
            "[fe80::1%7]", "tcp://[fe80::5%eth0]:80",
            .ipv6(IPv6Address(high: 0xfe80 << 48, low: 1), port: 0, scope: 7)
        ),
    ])
    func readsASource(text: String, upstream: String, source: SocketAddress) throws {
        #expect(try parse("source = \"\(text)\"\nto = [\"\(upstream)\", \"unix:///run/x\"]").source == source)
    }

    /// Names are asked for by the running daemon, and a start must not depend on them.
    @Test func doesNotResolveUpstreams() throws {
        let settings = try parse("to = [\"tcp://no.such.name:80\", \"tcp://empty.example:80\"]")
        #expect(settings.upstreams.map(\.endpoint.description) == ["tcp://no.such.name:80", "tcp://empty.example:80"])
    }

    @Test(arguments: [
        ("\"tcp://*:1\"", "[\"tcp://10.0.0.5:80\", \"unix:///run/x\", \"unix://@x\", \"vsock://host:1\"]"),
        ("\"unix:///run/a\"", "[\"tcp://10.0.0.5:80\", \"unix:///run/x\", \"unix://@x\", \"vsock://host:1\"]"),
        ("\"vsock://any:1\"", "[\"tcp://10.0.0.5:80\", \"unix:///run/x\", \"unix://@x\", \"vsock://host:1\"]"),
        ("\"unix-seqpacket://@a\"", "[\"unix-seqpacket:///run/x\", \"unix-seqpacket://@x\"]"),
        ("[\"tcp://*:1\", \"systemd://a\"]", "\"tcp://10.0.0.5:80\""),
        ("\"systemd://a\"", "\"tcp://10.0.0.5:80\""), ("\"systemd://a\"", "\"unix-seqpacket://@x\""),
        ("[\"unix-seqpacket://@a\", \"systemd://a\"]", "\"unix-seqpacket://@x\""),
    ])
    func relaysBetween(listen: String, to: String) throws {
        #expect(try !parse("to = \(to)", listen: listen).upstreams.isEmpty)
    }

    /// What leads elsewhere, or nowhere that can be seen.
    @Test(arguments: [
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2"), ("tcp://127.0.0.1:1", "tcp://127.0.0.2:1"),
        ("tcp://127.0.0.1:1", "tcp://[::1]:1"), ("tcp://0.0.0.0:1", "tcp://[::1]:1"),
        ("tcp://[::]:1", "tcp://127.0.0.1:1"), ("tcp://*:1", "tcp://192.0.2.9:1"),
        ("tcp://*:1", "tcp://[fe80::2%lo]:1"), ("tcp://*:1", "tcp://not-localhost:1"),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:1"), ("unix:///run/a", "unix://@/run/a"),
        ("unix:///run/a", "unix:///run/b"), ("vsock://any:1", "vsock://host:1"), ("vsock://any:1", "vsock://3:1"),
        ("vsock://any:0", "vsock://local:1"), ("tcp://web.example:1", "tcp://web.example:2"),
        ("systemd://a", "tcp://127.0.0.1:1"),
    ])
    func isNoLoop(listen: String, to: String) throws {
        #expect(try parse("to = \"\(to)\"", listen: "\"\(listen)\"").upstreams.count == 1)
    }

    /// Listeners may relay to each other, and to services of this daemon, as long as no way leads back.
    @Test func aChainIsNoLoop() throws {
        let chain = (0..<2000).map { number in
            """
            [listener.l\(number)]
            listen = "unix://@\(number)"
            service = "forward"
            to = ["unix://@\(number + 1)", "unix://@end"]

            """
        }
        let end = "[listener.end]\nlisten = [\"unix://@2000\", \"unix://@end\"]\nservice = \"echo\"\n"
        let (configuration, problems) = Configuration.parse(chain.joined() + end)
        #expect(problems.isEmpty)
        #expect(configuration?.listeners.count == 2001)
    }

    /// As many circles as a file of the largest size can hold.
    @Test func findsManyLoopsInTime() {
        let count = 4000
        let text = (0..<count).map { number in
            """
            [listener.l\(number)]
            listen = "unix://@\(number)"
            service = "forward"
            to = ["unix://@\((number + 1) % count)", "unix://@\(number / 2)", "unix://@\(number / 3 + 1)"]

            """
        }
        let (configuration, problems) = Configuration.parse(text.joined())
        #expect(configuration == nil)
        #expect(problems.count == 101)
    }

    @Test func placesDoNotCountInEquality() throws {
        let text = "to = [\"tcp://10.0.0.5:80\"]"
        #expect(try parse(text) == parse("\n# moved\n  " + text))
        #expect(try parse(text) != parse("to = [\"tcp://10.0.0.6:80\"]"))
    }
}
