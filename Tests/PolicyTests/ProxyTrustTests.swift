// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Policy

struct ProxyTrustTests {
    @Test func `only listed networks and Unix sockets need a header`() throws {
        let trust = ProxyTrust(sources: [.network(try IPNetwork(parsing: "10.0.0.0/8")), .unix])
        #expect(trust.needsHeader(from: .ipv4(IPv4Address(0x0a01_0203), port: 1)))
        #expect(trust.needsHeader(from: .unnamed))
        #expect(trust.needsHeader(from: .abstract(name: [1])))
        #expect(!trust.needsHeader(from: .ipv4(.loopback, port: 1)))
        #expect(!trust.needsHeader(from: .vsock(cid: 2, port: 1)))
        #expect(!ProxyTrust().needsHeader(from: .unnamed))
    }
}
