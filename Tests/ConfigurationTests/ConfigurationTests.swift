// SPDX-License-Identifier: Apache-2.0

import Addresses
import Services
import TestSupport
import Testing

@testable import Configuration

@Suite struct ConfigurationTests {
    private static let echo = "[listener.echo]\nlisten = \"tcp://127.0.0.1:7007\"\nservice = \"echo\"\n"

    private func parse(_ text: String) throws -> Configuration {
        let (configuration, problems) = Configuration.parse(text)
        try #require(problems.isEmpty, "\(problems)")
        return try #require(configuration)
    }

    @Test func emptyTablesMeanTheDefaults() throws {
        let configuration = try parse("[daemon]\n[log]\n[defaults]\n" + Self.echo)
        #expect(configuration.daemon.lanes == .auto)
        #expect(configuration.daemon.maxConnections == 10_000)
        #expect(configuration.daemon.drainTimeout == .seconds(30))
        #expect(configuration.daemon.history == 1000)
        #expect(configuration.daemon.control == .automatic)
        #expect(configuration.log.destinations == nil)
        #expect(configuration.log.format == .text)
        #expect(configuration.log.level == .info)
        let listener = try #require(configuration.listeners.first)
        #expect(configuration.listeners.count == 1)
        #expect(listener.name == "echo")
        #expect(listener.service.name == "echo")
        #expect(listener.plan.idleTimeout == nil)
        #expect(listener.plan.lifetime == nil)
        #expect(listener.plan.maxConnections == nil)
        #expect(listener.plan.timers.keepAlive == nil)
        #expect(listener.origin.description == "usherd.toml:4:11")
        #expect(listener.listen.map(\.backlog) == [4096])
        #expect(listener.listen.map(\.origin.description) == ["usherd.toml:5:10"])
    }

    @Test(arguments: [("false", 0), ("0", 0), ("100000", 100_000)])
    func `the history is a count, or off`(value: String, count: Int) throws {
        #expect(try parse("[daemon]\nhistory = \(value)\n" + Self.echo).daemon.history == count)
    }

    @Test func readsEveryKey() throws {
        let configuration = try parse(
            """
            [daemon]
            lanes = 3
            max-connections = 77
            drain-timeout = "1h30m"
            history = 5000
            control = "/run/usherd/control"
            [log]
            to = ["journal", "stderr", "file:/var/log/x"]
            format = "json"
            level = "warning"
            [listener.a]
            listen = ["tcp://127.0.0.1:1?backlog=5", "tcp://127.0.0.1:2"]
            service = "chat"
            idle-timeout = "250ms"
            lifetime = "2d"
            max-connections = 9
            keepalive = { idle = "60s", interval = "10s", count = 6 }
            backlog = 64
            """)
        #expect(configuration.daemon.lanes == .fixed(3))
        #expect(configuration.daemon.maxConnections == 77)
        #expect(configuration.daemon.drainTimeout == .seconds(5400))
        #expect(configuration.daemon.history == 5000)
        #expect(configuration.daemon.control == .path("/run/usherd/control"))
        #expect(configuration.log.destinations == [.journal, .standardError, .file(path: "/var/log/x")])
        #expect(configuration.log.format == .json)
        #expect(configuration.log.level == .warning)
        let listener = try #require(configuration.listeners.first)
        #expect(listener.service.name == "chat")
        #expect(listener.plan.idleTimeout == 250_000_000)
        #expect(listener.plan.lifetime == 172_800_000_000_000)
        #expect(listener.plan.maxConnections == 9)
        #expect(listener.plan.timers.keepAlive == .init(idle: 60, interval: 10, count: 6))
        #expect(listener.listen.map(\.backlog) == [5, 64])
        #expect(
            listener.options(for: listener.listen[0]) == .init(backlog: 5, keepAlive: listener.plan.timers.keepAlive))
    }

    @Test func listenersInheritOverrideAndOptOut() throws {
        let listeners = try parse(
            """
            [defaults]
            idle-timeout = "10m"
            lifetime = "1h"
            max-connections = 5
            keepalive = "60s"
            backlog = 16
            [listener.inherits]
            listen = "tcp://127.0.0.1:1"
            service = "echo"
            [listener.overrides]
            listen = "tcp://127.0.0.1:2"
            service = "echo"
            idle-timeout = "1s"
            lifetime = "2s"
            max-connections = 3
            keepalive = true
            backlog = 4
            [listener.opts-out]
            listen = "tcp://127.0.0.1:3"
            service = "echo"
            idle-timeout = false
            lifetime = false
            max-connections = false
            keepalive = false
            """
        ).listeners
        #expect(listeners.map(\.name) == ["inherits", "overrides", "opts-out"])
        #expect(listeners.map(\.plan.idleTimeout) == [600_000_000_000, 1_000_000_000, nil])
        #expect(listeners.map(\.plan.lifetime) == [3_600_000_000_000, 2_000_000_000, nil])
        #expect(listeners.map(\.plan.maxConnections) == [5, 3, nil])
        #expect(listeners.map(\.plan.timers.keepAlive) == [.init(idle: 60), .init(), nil])
        #expect(listeners.map { $0.listen[0].backlog } == [16, 4, 16])
    }

    /// Below listeners as well as above, and from any file.
    @Test func defaultsApplyWhereverTheyStand() throws {
        let defaults = "[defaults]\nidle-timeout = \"5s\"\n"
        let files = [("usherd.toml", Array(Self.echo.utf8)), ("conf.d/10.toml", Array(defaults.utf8))]
        let (configuration, problems) = Configuration.parse(files: files, host: TestHost())
        #expect(problems.isEmpty)
        #expect(configuration?.listeners.first?.plan.idleTimeout == 5_000_000_000)
        #expect(try parse(Self.echo + defaults).listeners.first?.plan.idleTimeout == 5_000_000_000)
    }

    @Test func `service names are unique, and their keys differ from those of listeners`() {
        let services = ServiceDescriptor.schemas
        #expect(Set(services.map(\.name)).count == services.count)
        let common = Set(SettingSection.listener(name: "", service: nil).keys)
        for service in services { #expect(common.isDisjoint(with: service.keys.map(\.name)), "\(service.name)") }
    }

    @Test(arguments: ["echo", "discard", "daytime", "time", "chargen", "chat"])
    func knowsEveryService(name: String) throws {
        let configuration = try parse("[listener.x]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"\(name)\"\n")
        #expect(configuration.listeners.map(\.service.name) == [name])
    }

    @Test(arguments: [
        ("tcp://127.0.0.1:7", ListenAddress.Target.bind(.tcp, [.ipv4(.loopback, port: 7)], dualStack: false)),
        ("tcp://*:7", .bind(.tcp, [.ipv6(.any, port: 7, scope: 0)], dualStack: true)),
        ("tcp://[::]:7", .bind(.tcp, [.ipv6(.any, port: 7, scope: 0)], dualStack: false)),
        ("tcp://[::1%lo]:7", .bind(.tcp, [.ipv6(.loopback, port: 7, scope: 1)], dualStack: false)),
        ("tcp://[::1%5]:7", .bind(.tcp, [.ipv6(.loopback, port: 7, scope: 5)], dualStack: false)),
        (
            "tcp://localhost:0",
            .bind(.tcp, [.ipv4(.loopback, port: 0), .ipv6(.loopback, port: 0, scope: 0)], dualStack: false)
        ),
        ("unix:///run/x", .bind(.unixStream, [.unix(path: Array("/run/x".utf8))], dualStack: false)),
        ("unix://@x", .bind(.unixStream, [.abstract(name: [0x78])], dualStack: false)),
        ("unix-seqpacket://@x", .bind(.unixSeqpacket, [.abstract(name: [0x78])], dualStack: false)),
        ("vsock://any:7", .bind(.vsock, [.vsock(cid: .max, port: 7)], dualStack: false)),
        ("vsock://local:0", .bind(.vsock, [.vsock(cid: 1, port: .max)], dualStack: false)),
        ("systemd://web", .passed(name: "web")),
    ])
    func resolvesAddresses(text: String, target: ListenAddress.Target) throws {
        let configuration = try parse("[listener.x]\nlisten = \"\(text)\"\nservice = \"echo\"\n")
        let address = try #require(configuration.listeners.first?.listen.first)
        #expect(address.target == target)
        #expect(address.endpoint == (try Endpoint(parsing: text)))
    }

    @Test func resolvesOwners() throws {
        let text = "unix:///run/x?mode=0640&user=alice&group=27"
        let configuration = try parse("[listener.x]\nlisten = \"\(text)\"\nservice = \"echo\"\n")
        #expect(
            configuration.listeners.first?.listen.first?.access
                == UnixSocketAccess(mode: 0o640, user: 1000, group: 27))
    }

    /// What shares a port without harm.
    @Test func differentAddressesDoNotCollide() throws {
        let addresses = [
            "tcp://127.0.0.1:7", "tcp://127.0.0.2:7", "tcp://[::1]:7", "tcp://0.0.0.0:8", "tcp://[::]:8", "tcp://*:0",
            "tcp://*:0?backlog=9", "tcp://127.0.0.1:0", "tcp://[fe80::1%lo]:9", "tcp://[fe80::1%eth0]:9",
            "unix:///run/7", "unix://@7", "unix-seqpacket://@7", "unix:///run/8", "vsock://2:7", "vsock://1:7",
            "vsock://any:0", "vsock://any:0?backlog=9", "systemd://7", "systemd://8",
        ]
        let list = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
        let configuration = try parse("[listener.x]\nlisten = [\(list)]\nservice = \"echo\"\n")
        #expect(configuration.listeners.first?.listen.count == addresses.count)
    }

    /// A reload has to see that nothing changed.
    @Test func placesDoNotCountInEquality() throws {
        let text = "[defaults]\nidle-timeout = \"60s\"\n" + Self.echo
        let moved = "# a comment\n\n" + text.replacing("60s", with: "1m")
        let (before, after) = (try parse(text), try parse(moved))
        #expect(before == after)
        #expect(before.listeners[0].origin.description != after.listeners[0].origin.description)
        #expect(before != (try parse(text.replacing("60s", with: "61s"))))
    }

    /// A file of nothing but mistakes is told of in bounded space.
    @Test func boundsTheReport() {
        let text = (0..<5000).map { "key-\($0) = 1\n" }.joined()
        let (configuration, problems) = Configuration.parse(text)
        #expect(configuration == nil)
        #expect(problems.count == 101)
        #expect(problems.last?.description.contains("more than 100 mistakes") == true)
    }

    /// One line of it all.
    @Test func survivesLength() {
        let header = "[listener.x]\nservice = \"echo\"\nlisten = "
        for (start, part, end) in [
            (header + "[", "\"tcp://nowhere:7\",", "]"), ("[log]\nlevel = \"", "x", "\""),
            (header + "\"tcp://*:7?", "x=1&", "\""), ("[defaults]\nlifetime = \"", "1s", "\""),
            ("[listener.", "x", "]"), ("", "ключ", " = 1"),
        ] {
            let count = ((1 << 16) - start.utf8.count - end.utf8.count) / part.utf8.count
            let (configuration, problems) = Configuration.parse(start + String(repeating: part, count: count) + end)
            #expect(configuration == nil)
            #expect(!problems.isEmpty && problems.allSatisfy { $0.description.utf8.count < 3000 })
        }
    }

    @Test func survivesDepth() {
        for text in [
            "a = " + String(repeating: "[", count: 10_000), "[" + String(repeating: "a.", count: 10_000) + "b]",
            String(repeating: "a.", count: 10_000) + "b = 1", "a = " + String(repeating: "{a=", count: 10_000),
        ] {
            let (configuration, problems) = Configuration.parse(text)
            #expect(configuration == nil)
            #expect(!problems.isEmpty)
        }
    }

    @Test func summarisesAListenerOnALine() throws {
        let summary = try parse(
            """
            [defaults]
            idle-timeout = "10m"
            [listener.echo]
            listen = "tcp://127.0.0.1:7007"
            service = "echo"
            max-connections = 2000
            [listener.everywhere]
            listen = ["tcp://*:7010", "unix:///run/日本?mode=0660"]
            service = "chat"
            idle-timeout = false
            keepalive = "60s"
            [listener.plain]
            listen = "systemd://x"
            service = "discard"
            idle-timeout = false
            """
        ).summary
        #expect(
            summary == """
                echo        tcp://127.0.0.1:7007                      echo     idle-timeout 10m, max-connections 2000
                everywhere  tcp://*:7010, unix:///run/日本?mode=0660  chat     keepalive 1m
                plain       systemd://x                               discard

                """)
    }

    /// That of flows holds without a word.
    private static let flowTimeouts: [(String, String, String)] = [
        ("\"udp://127.0.0.1:7\"", "", "idle-timeout 30s"),
        ("\"udp://127.0.0.1:7\"", "idle-timeout = \"5s\"", "idle-timeout 5s"),
        ("[\"udp://127.0.0.1:7\", \"tcp://127.0.0.1:7\"]", "", "idle-timeout 30s for flows"),
        ("[\"udp://127.0.0.1:7\", \"tcp://127.0.0.1:7\"]", "idle-timeout = \"5s\"", "idle-timeout 5s"),
        ("\"can://can0\"", "idle-timeout = false", ""), ("\"tcp://127.0.0.1:7\"", "", ""),
    ]

    @Test(arguments: flowTimeouts)
    func summarisesTheTimeoutOfFlows(listen: String, key: String, shown: String) throws {
        let summary = try parse("[listener.x]\nlisten = \(listen)\nservice = \"echo\"\n\(key)\n").summary
        #expect(summary.split(separator: "echo").last.map { $0.trimmingPrefix { $0 == " " } } == "\(shown)\n")
    }

    @Test(arguments: [
        ("to = \"tcp://10.0.0.5:443\"", "to tcp://10.0.0.5:443"),
        (
            """
            idle-timeout = "5s"
            accept-proxy = "unix"
            balance = "random"
            to = [
                { address = "tcp://10.0.0.5:443", weight = 3, max-connections = 9 },
                { address = "unix:///run/%1B", backup = true }, "unix://@x", "unix://@y",
            ]
            """,
            "to tcp://10.0.0.5:443 (weight 3, max 9), unix:///run/%1B (backup), unix://@x, unix://@y, balance random,"
                + " idle-timeout 5s, accept-proxy unix"
        ),
        (
            """
            to = ["tcp://[::1]:80", "unix://@b", "unix://@c", "unix://@d", "unix://@e", "unix://@f"]
            accept-proxy = ["10.0.0.0/8", "::1"]
            source = "[2001:db8::1]"
            send-proxy = "v2"
            health = true
            on-down = "close"
            half-close-timeout = "1m"
            progress-interval = "1h"
            """,
            "to tcp://[::1]:80, unix://@b, unix://@c and 3 more, source [2001:db8::1], send-proxy v2, health 2s,"
                + " on-down close, half-close-timeout 1m, progress-interval 1h, accept-proxy 10.0.0.0/8 ::1"
        ),
    ])
    func summarisesARelay(keys: String, shown: String) throws {
        let listen = "listen = [\"tcp://*:1\", \"unix://@a\"]\n"
        let summary = try parse("[listener.front]\nservice = \"forward\"\n" + listen + keys).summary
        #expect(summary == "front  tcp://*:1, unix://@a  forward  \(shown)\n")
    }
}
