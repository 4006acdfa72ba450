// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Testing

@testable import Supervisor

/// What is decided when the interfaces or addresses of the host change.
@Suite struct HostPlanTests {
    /// A host: its interfaces by their names, and its addresses.
    struct Host {
        var interfaces: [String: UInt32] = ["lo": 1]
        var addresses: [String] = ["127.0.0.1", "::1"]

        func index(of name: String) -> UInt32 { interfaces[name] ?? InterfaceName.absentIndex(of: name) }

        func state() throws -> HostState {
            HostState(interfaces: Set(interfaces.values), addresses: Set(try addresses.map(HostPlanTests.address)))
        }
    }

    /// An address as the kernel lists it: `10.0.0.1`, `fd00::1`, `fe80::1%5`.
    static func address(_ text: String) throws -> SocketAddress {
        let parts = text.split(separator: "%")
        let host = text.contains(":") ? "[\(parts[0])\(parts.count > 1 ? "%\(parts[1])" : "")]" : text
        switch try Endpoint(parsing: "tcp://\(host):0").location {
        case .host(.ipv4(let ip), _): return .ipv4(ip, port: 0)
        case .host(.ipv6(let ip, let scope), _): return .ipv6(ip, port: 0, scope: scope.flatMap { UInt32($0) } ?? 0)
        default: throw InvalidSample(problems: [text])
        }
    }

    private static func configuration(_ addresses: [String], on host: Host) throws -> Configuration {
        let listeners = addresses.enumerated().map { index, address in
            "[listener.l\(index)]\nlisten = \"\(address)\"\nservice = \"echo\"\n"
        }
        var result = try SupervisorTests.configuration(listeners.joined())
        result.follow(host.index)
        return result
    }

    /// What is to be done, in words that can be compared: the numbers of the listeners.
    private struct Decision: Equatable {
        var opened: [Int] = []
        var closed: [Int] = []
        var groups: [Int] = []
        var lost: [Int] = []
        var returned: [Int] = []
        var removedInterfaces: Set<UInt32> = []
    }

    private func decide(
        _ addresses: [String], from before: Host, to now: Host, lacking: [Int] = [], withoutAddress: [Int] = [],
        unjoined: [Int] = []
    ) throws -> Decision {
        let configuration = try Self.configuration(addresses, on: before)
        let keys = configuration.listeners.map { $0.wantedSockets[0].key }
        var missing = MissingOnHost()
        for index in lacking { missing.awaited[keys[index]] = try failure(ENODEV, of: configuration, index) }
        for index in withoutAddress { missing.withoutAddress[keys[index]] = "l\(index)" }
        for index in unjoined { missing.unjoined[keys[index]] = "l\(index)" }
        let plan = HostPlan(
            configuration, missing: missing, from: try before.state(), to: try now.state(), index: now.index)
        let next = plan.next.listeners.map { $0.wantedSockets[0].key }
        return Decision(
            opened: next.indices.filter { plan.toOpen.contains(next[$0]) },
            closed: keys.indices.filter { plan.changes.toClose.contains(keys[$0]) },
            groups: next.indices.filter { plan.groups.contains(next[$0]) },
            lost: next.indices.filter { plan.lost.contains(next[$0]) },
            returned: next.indices.filter { plan.returned.contains(next[$0]) },
            removedInterfaces: plan.removedInterfaces)
    }

    private func failure(_ errno: CInt, of configuration: Configuration, _ index: Int) throws -> ListenFailure {
        let listener = configuration.listeners[index]
        return ListenFailure(
            listener: listener.name, address: try #require(listener.listen.first),
            cause: .system(SystemError("bind", errno: errno)))
    }

    static let plain = Host()
    static let withNIC = Host(
        interfaces: ["lo": 1, "nic": 5], addresses: ["127.0.0.1", "::1", "10.0.0.1", "fe80::1%5", "fd00::1"])
    static let withOther = Host(
        interfaces: ["lo": 1, "nic": 6], addresses: ["127.0.0.1", "::1", "10.0.0.1", "fe80::1%6", "fd00::1"])
    static let renamed = Host(interfaces: ["lo": 1, "new": 5], addresses: withNIC.addresses)
    static let swapped = Host(interfaces: ["lo": 1, "nic": 6, "old": 5], addresses: withNIC.addresses)
    static let withoutIPv6 = Host(interfaces: withNIC.interfaces, addresses: ["127.0.0.1", "10.0.0.1"])

    private static let link = "tcp://[fe80::1%nic]:7"
    private static let named = "udp://239.1.1.1:7?interface=nic"
    private static let chosen = "udp://239.1.1.1:7"

    @Test func `an unchanged host changes no socket`() throws {
        let all = [Self.link, Self.named, "udp://239.1.1.2:7", "tcp://10.0.0.1:7", "tcp://*:8", "unix:///run/x"]
        #expect(try decide(all, from: Self.withNIC, to: Self.withNIC) == Decision())
    }

    @Test(arguments: [
        // Gone, made anew under another number, renamed, and another one under its name.
        (withNIC, plain), (withNIC, withOther), (withNIC, renamed), (withNIC, swapped), (plain, withNIC),
    ])
    func `sockets on an interface with a new number are closed and opened again`(before: Host, now: Host) throws {
        let all = ["tcp://*:8", Self.link, Self.named, "udp://[ff02::7%nic]:9", "udp://*:6?broadcast=true"]
        let decision = try decide(all, from: before, to: now)
        #expect(decision.opened == [1, 2, 3] && decision.closed == [1, 2, 3])
        #expect(decision.lost.isEmpty && decision.returned.isEmpty && decision.groups.isEmpty)
    }

    @Test func `sockets that wait are retried after any change`() throws {
        let all = ["tcp://10.0.0.9:7", "tcp://10.0.0.1:7"]
        #expect(try decide(all, from: Self.withNIC, to: Self.withNIC, lacking: [0]) == Decision(opened: [0]))
    }

    @Test func `a socket that waits for an interface is retried with its current number`() throws {
        let decision = try decide([Self.link], from: Self.plain, to: Self.withNIC, lacking: [0])
        #expect(decision == Decision(opened: [0], closed: [0]))
    }

    @Test func `a group without interface= is checked after a removal, and until it is joined`() throws {
        let all = [Self.chosen, "udp://239.1.1.2:7?interface=lo"]
        #expect(
            try decide(all, from: Self.withNIC, to: Self.withOther) == Decision(groups: [0], removedInterfaces: [5]))
        #expect(try decide(all, from: Self.plain, to: Self.withNIC) == Decision())
        #expect(try decide(all, from: Self.plain, to: Self.plain, unjoined: [0]) == Decision(groups: [0]))
    }

    @Test func `a removed address is reported once, and once when it returns`() throws {
        let all = ["tcp://10.0.0.1:7", "udp://[fd00::1]:7", "tcp://127.0.0.1:7", "tcp://*:8", "tcp://10.0.0.1:0"]
        #expect(
            try decide(all, from: Self.withNIC, to: Self.plain) == Decision(lost: [0, 1, 4], removedInterfaces: [5]))
        #expect(try decide(all, from: Self.plain, to: Self.plain, withoutAddress: [0, 1, 4]) == Decision())
        #expect(
            try decide(all, from: Self.plain, to: Self.withNIC, withoutAddress: [0, 1, 4])
                == Decision(returned: [0, 1, 4]))
    }

    /// Such as 127.0.0.9, or one behind a route of the type `local`.
    @Test func `an address that the kernel does not list is not lost`() throws {
        let all = ["tcp://127.0.0.9:7", "tcp://10.9.9.9:7", "udp://[fd99::1]:7"]
        #expect(try decide(all, from: Self.withNIC, to: Self.plain) == Decision(removedInterfaces: [5]))
    }

    @Test func `disabling IPv6 removes its addresses, and no interface`() throws {
        let all = [Self.link, "tcp://[::1]:7", "tcp://[fd00::1]:7", "tcp://[::]:8", "tcp://10.0.0.1:7", Self.chosen]
        #expect(try decide(all, from: Self.withNIC, to: Self.withoutIPv6) == Decision(lost: [0, 1, 2]))
        #expect(
            try decide(all, from: Self.withoutIPv6, to: Self.withNIC, withoutAddress: [0, 1, 2])
                == Decision(returned: [0, 1, 2]))
    }
}
