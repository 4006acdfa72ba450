// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import LinuxSystem

@Suite struct NetworkInterfacesTests {
    @Test func `interfaces have IP addresses without ports, loopback included`() throws {
        let addresses = try NetworkInterfaces.addresses()
        #expect(addresses.contains(.ipv4(.loopback, port: 0)))
        #expect(addresses.allSatisfy { $0.port == 0 })
        for case .ipv6(let address, _, let scope) in addresses where address.isLinkLocal {
            #expect(scope != 0)
        }
    }

    @Test func `loopback has its number`() throws {
        let loopback = try #require(NameService.interface(named: "lo"))
        #expect(try NetworkInterfaces.indexes().contains(loopback))
        #expect(try !NetworkInterfaces.indexes().contains(0))
    }

    @Test func `a failed read of the numbers has its errno`() {
        var error: SystemError?
        let isReached = FaultInjection.failing(call: 1, with: EMFILE) {
            do throws(SystemError) { _ = try NetworkInterfaces.indexes() } catch let failure { error = failure }
        }
        #expect(isReached)
        #expect(error == SystemError("if_nameindex", errno: EMFILE))
    }

    @Test func `a failed read of the addresses has its errno`() {
        var error: SystemError?
        let isReached = FaultInjection.failing(call: 1, with: EMFILE) {
            do throws(SystemError) { _ = try NetworkInterfaces.addresses() } catch let failure { error = failure }
        }
        #expect(isReached)
        #expect(error == SystemError("getifaddrs", errno: EMFILE))
    }
}
