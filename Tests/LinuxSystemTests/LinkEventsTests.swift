// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

/// What rtnetlink(7) tells, in a network of the test's own.
@Suite(.enabled(if: getuid() == 0, "needs root, for a network of its own")) struct LinkEventsTests {
    private static func isReady(_ raw: CInt) -> Bool {
        var ready = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        return poll(&ready, 1, 0) == 1
    }

    /// Runs ip(8), with a line for each command.
    private static func ip(_ lines: String...) throws {
        for line in lines {
            let result = try run("ip", line.split(separator: " ").map(String.init))
            try #require(result.succeeded, "ip \(line): \(result.errors)")
        }
    }

    @Test func `addresses and routes are reported while subscribed`() throws {
        try inPrivateNetwork(mtu: 1500) {
            let links = try LinkEvents()
            let both = try LinkEvents(withAddresses: true)
            try Self.ip("address add 10.1.0.1/32 dev lo", "-6 address add fd01::1/128 dev lo")
            #expect(!Self.isReady(links.raw))
            #expect(Self.isReady(both.raw))
            both.clear()
            try Self.ip("route add 10.2.0.0/16 dev lo")
            #expect(!Self.isReady(both.raw))
            for route in ["route add 10.3.0.0/16 dev lo", "-6 route add fd03::/16 dev lo"] {
                try both.watchRoutes(true)
                try Self.ip(route)
                #expect(Self.isReady(both.raw), "\(route)")
                both.clear()
                try both.watchRoutes(false)
                try Self.ip("route add 10.4.0.0/16 dev lo", "route delete 10.4.0.0/16 dev lo")
                #expect(!Self.isReady(both.raw))
            }
            try Self.ip("link set lo down")
            #expect(Self.isReady(links.raw) && Self.isReady(both.raw))
        }
    }

    @Test func `events continue after ENOBUFS`() throws {
        try inPrivateNetwork(mtu: 1500) {
            let events = try LinkEvents(withAddresses: true)
            let lines = (0..<2000).map { "link set lo mtu \(1400 + $0 % 2)\n" }.joined()
            let result = try run("ip", ["-batch", "-"], input: Array(lines.utf8))
            try #require(result.succeeded, "\(result.errors)")
            var byte: UInt8 = 0
            #expect(recv(events.raw, &byte, 1, CInt(MSG_DONTWAIT)) == -1 && errno == ENOBUFS, "events were lost")
            events.clear()
            #expect(!Self.isReady(events.raw))
            try Self.ip("address add 10.1.0.1/32 dev lo")
            #expect(Self.isReady(events.raw))
        }
    }

    private static let groups: [SocketAddress] = [
        .ipv4(IPv4Address(0xef01_0101), port: 0), .ipv6(IPv6Address(high: 0xff0e << 48, low: 0x77), port: 0, scope: 0),
    ]

    /// Oftener than a socket may be a member of groups: igmp_max_memberships of ip(7) is 20.
    @Test(arguments: groups) func `a group moves from a removed interface to the next`(
        group: SocketAddress
    ) throws {
        try inPrivateNetwork(mtu: 1500) {
            func make() throws -> UInt32 {
                try Self.ip(
                    "link add nic type veth peer name end", "link set end up", "link set nic up",
                    "address add 10.1.0.1/24 dev nic",
                    "route add 239.0.0.0/8 dev nic")
                return try #require(NameService.interface(named: "nic"))
            }
            var index = try make()
            let socket = try ListeningSocket(
                kind: .udp, address: group, dualStack: false, options: ListeningOptions())
            for _ in 0..<25 {
                #expect(!socket.leaveGroup(on: index + 1))
                try Self.ip("link delete nic")
                #expect(socket.leaveGroup(on: index))
                #expect(!socket.leaveGroup(on: index))
                #expect(throws: SystemError("setsockopt", errno: ENODEV)) { try socket.joinGroup() }
                index = try make()
                try socket.joinGroup()
            }
            #expect(
                try run("ip", ["maddress", "show", "dev", "nic"]).text.contains(group.isV4 ? "239.1.1.1" : "ff0e::77"))
        }
    }
}

extension SocketAddress {
    fileprivate var isV4: Bool { if case .ipv4 = self { true } else { false } }
}
