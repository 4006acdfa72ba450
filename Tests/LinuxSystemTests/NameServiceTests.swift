// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Testing

/// Only what every host knows without asking another.
@Suite struct NameServiceTests {
    @Test func readsNumericAddresses() throws {
        #expect(try NameService.addresses(of: "192.0.2.1", port: 7) == [.ipv4(IPv4Address(0xc000_0201), port: 7)])
        #expect(try NameService.addresses(of: "::1", port: 7) == [.ipv6(.loopback, port: 7, scope: 0)])
    }

    @Test func resolvesLocalhostOnceForEachFamily() throws {
        let addresses = try NameService.addresses(of: "localhost", port: 7007)
        #expect(Set(addresses).count == addresses.count)
        let loopback: Set<SocketAddress> = [.ipv4(.loopback, port: 7007), .ipv6(.loopback, port: 7007, scope: 0)]
        #expect(!addresses.isEmpty && loopback.isSuperset(of: addresses))
    }

    @Test func saysWhyThereIsNoAddress() {
        // Refused before any name server is asked.
        let failure = #expect(throws: NameLookupFailure.self) { try NameService.addresses(of: "[bad", port: 7) }
        #expect(failure?.reason == "Name or service not known")
    }

    @Test func findsUsersGroupsAndInterfaces() throws {
        #expect(try NameService.user(named: "root") == 0)
        #expect(try NameService.group(named: "root") == 0)
        #expect(NameService.interface(named: "lo") == 1)
        #expect(try NameService.user(named: "no-such-user") == nil)
        #expect(try NameService.group(named: "no-such-group") == nil)
        #expect(NameService.interface(named: "no-such-iface") == nil)
    }
}
