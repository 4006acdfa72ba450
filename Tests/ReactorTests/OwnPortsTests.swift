// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Testing

@testable import Reactor

@Suite struct OwnPortsTests {
    @Test func `an address is ours while a socket listens on it`() {
        let ports = OwnPorts()
        let address = SocketAddress.ipv4(.loopback, port: 7)
        #expect(!ports.contains(address))
        for _ in 1...2 { ports.insert(address) }
        ports.remove(address)
        #expect(ports.contains(address))
        #expect(!ports.contains(.ipv4(.loopback, port: 8)))
        ports.remove(address)
        ports.remove(address)
        #expect(!ports.contains(address))
    }

    @Test func `a wildcard socket covers each address of this host`() {
        let ports = OwnPorts()
        for _ in 1...2 { ports.insert(.ipv4(.any, port: 7)) }
        #expect(ports.contains(.ipv4(.loopback, port: 7)))
        #expect(!ports.contains(.ipv4(.loopback, port: 8)))
        #expect(!ports.contains(.ipv4(IPv4Address(0xc000_0201), port: 7)))
        ports.remove(.ipv4(.any, port: 7))
        #expect(ports.contains(.ipv4(.loopback, port: 7)))
        ports.remove(.ipv4(.any, port: 7))
        #expect(!ports.contains(.ipv4(.loopback, port: 7)))
    }
}
