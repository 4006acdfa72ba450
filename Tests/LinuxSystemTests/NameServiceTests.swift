// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct NameServiceTests {
    @Test(arguments: [
        ("127.0.0.1", [SocketAddress.ipv4(.loopback, port: 7)]),
        ("::1", [.ipv6(.loopback, port: 7, scope: 0)]),
    ])
    func `a numeric address needs no look-up`(host: String, addresses: [SocketAddress]) throws {
        #expect(try NameService.addresses(of: host, port: 7) == addresses)
    }

    @Test func `localhost resolves to each address once`() throws {
        let addresses = try NameService.addresses(of: "localhost", port: 80)
        let loopback = [SocketAddress.ipv4(.loopback, port: 80), .ipv6(.loopback, port: 80, scope: 0)]
        #expect(!addresses.filter(loopback.contains).isEmpty)
        #expect(Set(addresses).count == addresses.count)
    }

    @Test func `a failed look-up has its cause`() {
        do throws(NameLookupFailure) {
            // No label may hold a blank, so no name server is asked.
            let addresses = try NameService.addresses(of: "no such name", port: 1)
            Issue.record("\(addresses)")
        } catch {
            #expect(!error.reason.isEmpty)
        }
    }

    @Test func `users, groups and interfaces are found, unknown ones are not`() throws {
        #expect(try NameService.user(named: "root") == 0)
        #expect(try NameService.group(named: "root") == 0)
        #expect(NameService.interface(named: "lo") != nil)
        #expect(try NameService.user(named: "no-such-user") == nil)
        #expect(try NameService.group(named: "no-such-group") == nil)
        #expect(try NameService.user(named: "") == nil)
        #expect(NameService.interface(named: "no-such-if") == nil)
        #expect(NameService.interface(named: "") == nil)
    }
}
