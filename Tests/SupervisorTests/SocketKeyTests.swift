// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Testing

@testable import Supervisor

@Suite struct SocketKeyTests {
    private func keys(_ addresses: String...) throws -> [SocketKey] {
        let list = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
        let text = "[listener.test]\nlisten = [\(list)]\nservice = \"echo\"\n"
        return try configuration(text).listeners.flatMap { $0.wantedSockets.map(\.key) }
    }

    private static let loopback = SocketAddress.ipv4(.loopback, port: 7)

    private typealias Wanted = (address: String, keys: [SocketKey])

    private static let wanted: [Wanted] = [
        wanted("tcp://127.0.0.1:7", [SocketKey.bound(.tcp, loopback, dualStack: false)]),
        wanted("tcp://*:7", [.bound(.tcp, .ipv6(.any, port: 7, scope: 0), dualStack: true)]),
        wanted("tcp://[::]:7", [.bound(.tcp, .ipv6(.any, port: 7, scope: 0), dualStack: false)]),
        wanted(
            "tcp://two.example:7",
            [
                .bound(.tcp, loopback, dualStack: false),
                .bound(.tcp, .ipv6(.loopback, port: 7, scope: 0), dualStack: false),
            ]),
        wanted("unix:///run/a?mode=0600", [.bound(.unixStream, .unix(path: Array("/run/a".utf8)), dualStack: false)]),
        wanted("unix-seqpacket://@a", [.bound(.unixSeqpacket, .abstract(name: Array("a".utf8)), dualStack: false)]),
        wanted("vsock://2:1024", [.bound(.vsock, .vsock(cid: 2, port: 1024), dualStack: false)]),
        wanted(
            "can://can0?id=0x100&mask=0x700",
            [
                .bus(
                    .can(InterfaceName("can0") ?? .any, .none), filters: [CANFilter(id: 0x100, mask: 0x700)],
                    listener: "test")
            ]),
        wanted("can://*", [.bus(.can(.any, .none), filters: [], listener: "test")]),
        wanted("rds://127.0.0.1:7", [.bound(.rds, loopback, dualStack: false)]),
        wanted("systemd://web", [.passed(name: "web")]),
        wanted(
            "tcp://127.0.0.1:0",
            [.anyPort(.tcp, .ipv4(.loopback, port: 0), dualStack: false, listener: "test", index: 0)]),
        wanted(
            "vsock://2:0", [.anyPort(.vsock, .vsock(cid: 2, port: .max), dualStack: false, listener: "test", index: 0)]),
    ]

    private static func wanted(_ address: String, _ keys: [SocketKey]) -> Wanted { (address, keys) }

    @Test(arguments: wanted)
    func `an address has its keys`(address: String, expected: [SocketKey]) throws {
        #expect(try keys(address) == expected)
    }

    @Test(arguments: ["tcp://127.0.0.1:0", "tcp://*:0", "vsock://2:0"])
    func `keys of several port 0 addresses are different`(address: String) throws {
        let keys = try keys(address, address, address)
        #expect(keys.count == 3)
        #expect(Set(keys).count == 3)
    }

    @Test func `keys of one bus with different filters are different`() throws {
        let keys = try keys("can://can0?id=1", "can://can0?id=2", "can://can0?id=0x00000001", "can://can1?id=1")
        #expect(Set(keys).count == 4)
    }

    @Test func `the key of a port 0 address does not depend on the other addresses`() throws {
        let key = try #require(try keys("tcp://127.0.0.1:0").first)
        #expect(try keys("tcp://127.0.0.1:7", "tcp://[::1]:0", "unix://@a", "tcp://127.0.0.1:0").last == key)
    }

    @Test func `options come from listener and address, but a passed socket keeps its backlog`() throws {
        let text = """
            [listener.test]
            listen = ["tcp://127.0.0.1:7?backlog=3", "tcp://127.0.0.1:8", "systemd://web"]
            service = "echo"
            backlog = 9
            keepalive = { idle = "60s", interval = "5s", count = 3 }
            """
        let keepAlive = ListeningOptions.KeepAlive(idle: 60, interval: 5, count: 3)
        #expect(
            try configuration(text).listeners.flatMap { $0.wantedSockets.map(\.options) } == [
                ListeningOptions(backlog: 3, keepAlive: keepAlive), ListeningOptions(backlog: 9, keepAlive: keepAlive),
                ListeningOptions(backlog: nil, keepAlive: keepAlive),
            ])
    }

    /// What systemd passes is a stream or has datagrams, where a framing lies between.
    @Test func aFramingTakesBothNatures() throws {
        func kinds(_ more: String) throws -> Set<SocketKind>? {
            let text = "[listener.a]\nlisten = \"systemd://a\"\nservice = \"forward\"\nto = \"udp://10.0.0.5:53\"\n"
            return try configuration(text + more).listeners.first?.wantedSockets.first?.kinds
        }
        #expect(try kinds("") == [.udp, .unixDatagram, .can, .rds])
        #expect(try kinds("framing = \"lines\"\n") == Set(SocketKind.allCases).subtracting([.unixSeqpacket]))
    }

    @Test func `chat accepts each kind of passed socket except CAN`() throws {
        let text = "[listener.a]\nlisten = \"systemd://a\"\nservice = \"chat\"\n"
        let kinds = try configuration(text).listeners.first?.wantedSockets.first?.kinds
        #expect(kinds == Set(SocketKind.allCases).subtracting([.can]))
    }
}
