// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Configuration

/// Addresses to listen on that depend on what the host has.
@Suite struct ListenAddressInterfacesTests {
    private func listener(_ address: String) throws -> Configuration {
        let (configuration, problems) = Configuration.parse(
            "[listener.x]\nlisten = \"\(address)\"\nservice = \"echo\"\n")
        return try #require(configuration, "\(problems)")
    }

    @Test(arguments: [
        ("tcp://192.0.2.1:7", true), ("udp://[2001:db8::1]:7", true), ("tcp://[::1]:7", true),
        ("tcp://[fe80::1%eth0]:7", true), ("udp://239.1.2.3:7", true), ("udp://239.1.2.3:7?interface=eth0", true),
        ("tcp://localhost:7", true), ("tcp://127.0.0.1:7", false), ("udp://127.0.0.9:7", false), ("tcp://*:7", false),
        ("udp://0.0.0.0:7", false), ("tcp://[::]:7", false), ("unix:///run/x", false), ("unix://@x", false),
        ("vsock://any:7", false), ("can://can0", false), ("rds://192.0.2.1:7", false), ("systemd://x", false),
    ])
    func `an address depends on the host if it has an interface or is specific`(address: String, depends: Bool) throws {
        #expect(try #require(listener(address).listeners.first).dependsOnHost == depends)
    }

    @Test func `new interface numbers change nothing else`() throws {
        for (address, interface) in [
            ("tcp://[fe80::1%eth0]:7", "eth0"), ("udp://[ff02::1%eth0]:7", "eth0"),
            ("udp://239.1.2.3:7?interface=eth0", "eth0"), ("udp://[ff02::1]:7?interface=eth0", "eth0"),
        ] {
            let before = try listener(address)
            #expect(before.listeners[0].listen[0].interface == interface)
            var after = before
            after.follow { _ in 9 }
            #expect(after != before)
            #expect(after.listeners[0].listen[0].endpoint == before.listeners[0].listen[0].endpoint)
            after.follow { $0 == interface ? 2 : 0 }
            #expect(after == before, "eth0 has the number 2")
        }
        for address in ["tcp://192.0.2.1:7", "udp://239.1.2.3:7", "tcp://[2001:db8::1]:7", "tcp://*:7", "can://can0"] {
            let before = try listener(address)
            var after = before
            after.follow { _ in 9 }
            #expect(after == before)
            #expect(before.listeners[0].listen[0].interface == nil)
        }
    }

    @Test func `a group with its interface in the address is joined there`() throws {
        let group = try #require(listener("udp://[ff02::1%eth0]:7").listeners.first?.listen.first)
        #expect(group.datagrams.interface == 2)
        #expect(
            group.target
                == .bind(.udp, [.ipv6(IPv6Address(high: 0xff02 << 48, low: 1), port: 7, scope: 2)], dualStack: false))
    }

    @Test func `two listeners on missing interfaces do not collide`() throws {
        let (configuration, problems) = Configuration.parse(
            "[listener.x]\nlisten = [\"tcp://[fe80::1%no0]:7\", \"tcp://[fe80::1%no1]:7\"]\nservice = \"echo\"\n")
        #expect(configuration != nil, "\(problems)")
    }
}
