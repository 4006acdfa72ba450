// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Testing

@Suite struct BusTests {
    private func listen(_ address: String, service: String = "discard") throws -> ListenAddress {
        let text = "[listener.a]\nlisten = \"\(address)\"\nservice = \"\(service)\"\n"
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(problems.isEmpty)
        return try #require(configuration?.listeners.first?.listen.first)
    }

    @Test func `an interface need not be there`() throws {
        let address = try listen("can://not-there-yet", service: "echo")
        let name = try #require(InterfaceName("not-there-yet"))
        #expect(address.target == .bind(.can, [.can(name, .none)], dualStack: false))
    }

    @Test func `a star is every interface`() throws {
        #expect(try listen("can://*").target == .bind(.can, [.can(.any, .none)], dualStack: false))
    }

    @Test func `filters come with the address`() throws {
        let address = try listen("can://can0?id=0x100&mask=0x700&id=0x00000123")
        #expect(
            address.datagrams.filters == [CANFilter(id: 0x100, mask: 0x700), CANFilter(id: 0x123, isExtended: true)])
    }

    /// The kernel takes 512, which is more than an address has room for.
    @Test(arguments: [100, 513])
    func `there may be as many filters as the address holds`(count: Int) {
        let options = (0..<count).map { "id=\($0)" }.joined(separator: "&")
        let text = "[listener.a]\nlisten = \"can://can0?\(options)\"\nservice = \"discard\"\n"
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(configuration?.listeners.first?.listen.first?.datagrams.filters.count == (count == 100 ? 100 : nil))
        #expect(problems.count == (count == 100 ? 0 : 1))
    }

    @Test func `RDS has the addresses of IP`() throws {
        #expect(
            try listen("rds://127.0.0.1:7", service: "daytime").target
                == .bind(.rds, [.ipv4(.loopback, port: 7)], dualStack: false))
    }

    // MARK: - Relays

    private func relays(_ listeners: String) throws -> [ForwardSettings] {
        let (configuration, problems) = Configuration.parse(
            files: [(path: "a.toml", bytes: Array(listeners.utf8))], host: TestHost())
        #expect(problems.isEmpty, "\(problems)")
        return try #require(configuration).listeners.compactMap {
            if case .forward(let settings) = $0.service { settings } else { nil }
        }
    }

    private static let flows: [(String, String, String, Bool)] = [
        ("can://can0", "can://can1", "", true), ("can://can0", "udp://10.0.0.1:1", "", false),
        ("can://can0", "udp://10.0.0.1:1", "flow = \"bus\"", true),
        ("can://can0", "udp://10.0.0.1:1", "flow = \"identifier\"", false),
        ("can://can0", "can://can1", "flow = \"bus\"", true), ("udp://127.0.0.1:1", "can://can1", "", false),
        ("rds://127.0.0.1:1", "rds://10.0.0.1:1", "", false),
    ]

    @Test(arguments: flows)
    func `between buses all frames are one flow`(listen: String, to: String, key: String, isOne: Bool) throws {
        let text = "[listener.a]\nlisten = \"\(listen)\"\nservice = \"forward\"\nto = \"\(to)\"\n\(key)\n"
        #expect(try relays(text).map(\.takesBusAsOne) == [isOne])
    }

    /// Listeners whose frames go round, or do not: where each listens, and its upstream.
    private static let circles: [(links: [(String, String)], isCircle: Bool)] = [
        // Each frame stays with one of the two.
        ([("can0?id=0x100&mask=0x700", "can1?id=0x300"), ("can0?id=0x200&mask=0x700", "can1?id=0x400")], false),
        // There and back by two, in the same direction and in opposite ones.
        ([("can0?id=0x100&mask=0x700", "can1"), ("can0?id=0x200&mask=0x700", "can1")], true),
        ([("can0", "can1"), ("can1", "can0")], true),
        ([("can0?id=0x100", "can1?id=0x7ff"), ("can1?id=0x200", "can0?id=0x7fe")], false),
        ([("can0?id=0x100", "can1?id=0x7ff"), ("can1?id=0x200", "can0?id=0x7ff")], true),
        // A chain, and a circle whose last link goes the other way.
        ([("can0", "can1"), ("can1", "can2")], false),
        ([("can0", "can1"), ("can1", "can2"), ("can0", "can2")], true),
        ([("can0", "can1"), ("can1", "can2"), ("can0", "can2?id=0x00000001")], true),
        ([("can0", "can1?id=0x2"), ("can1?id=0x1", "can2"), ("can0?id=0x4", "can2?id=0x3")], false),
        // A star.
        ([("can0", "can9"), ("can1", "can9"), ("can2", "can9")], false),
    ]

    @Test(arguments: circles)
    func `frames that go round are found`(links: [(String, String)], isCircle: Bool) {
        let text = links.enumerated().map { number, link in
            "[listener.l\(number)]\nlisten = \"can://\(link.0)\"\nservice = \"forward\"\nto = \"can://\(link.1)\"\n"
        }.joined()
        let (_, problems) = Configuration.parse(files: [(path: "a.toml", bytes: Array(text.utf8))], host: TestHost())
        #expect(problems.isEmpty == !isCircle, "\(problems)")
    }
}
