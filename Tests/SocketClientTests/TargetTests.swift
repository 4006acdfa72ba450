// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Testing

@testable import SocketClient

/// From what is written to what is connected to.
@Suite struct TargetTests {
    @Test(arguments: [
        ("tcp://127.0.0.1:7", SocketKind.tcp, SocketAddress.ipv4(.loopback, port: 7)),
        ("udp://[::1]:7", .udp, .ipv6(.loopback, port: 7, scope: 0)),
        ("unix:///run/x", .unixStream, .unix(path: Array("/run/x".utf8))),
        ("unix-dgram://@x", .unixDatagram, .abstract(name: Array("x".utf8))),
        ("unix-seqpacket://@x", .unixSeqpacket, .abstract(name: Array("x".utf8))),
        ("vsock://local:7", .vsock, .vsock(cid: 1, port: 7)),
        ("rds://127.0.0.1:7", .rds, .ipv4(.loopback, port: 7)),
        ("can://can0", .can, .can(InterfaceName("can0") ?? .any, .none)),
        ("can://*", .can, .can(.any, .none)),
    ])
    func `a numeric address needs no look-up`(text: String, kind: SocketKind, address: SocketAddress) throws {
        let target = try Target(Endpoint(parsing: text), for: .connecting)
        #expect(target.kind == kind)
        #expect(target.addresses == [address])
    }

    @Test(arguments: [
        ("systemd://web", "systemctl list-sockets"), ("tcp://*:7", "localhost"), ("tcp://127.0.0.1:0", "port 0"),
        ("vsock://any:7", "local, host or a number"),
    ])
    func `an address to listen on is refused with the one to write`(text: String, words: String) {
        let failure = #expect(throws: ClientFailure.self) { try Target(Endpoint(parsing: text), for: .connecting) }
        #expect(failure?.reason == .usage)
        #expect(failure?.message.contains(words) == true)
        #expect(failure?.message.hasPrefix(text) == true)
    }

    @Test func `a wildcard listens on IPv6 with IPv4`() throws {
        let target = try Target(Endpoint(parsing: "udp://*:0"), for: .listening)
        #expect(target.addresses == [.ipv6(.any, port: 0, scope: 0), .ipv4(.any, port: 0)])
    }

    @Test func `a name that does not resolve is an error`() {
        let failure = #expect(throws: ClientFailure.self) {
            try Target(Endpoint(parsing: "tcp://no-such-host.invalid:7"), for: .connecting)
        }
        #expect(failure?.reason == .notResolved)
        #expect(failure?.message.contains("`no-such-host.invalid`") == true)
    }

    @Test func `every address of a name is tried`() throws {
        let target = try Target(Endpoint(parsing: "tcp://localhost:7"), for: .connecting)
        #expect(target.addresses.contains(.ipv4(.loopback, port: 7)))
        #expect(Set(target.addresses).count == target.addresses.count)
    }
}
