// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Policy

struct AdmissionRulesTests {
    @Test func `only listed networks and Unix sockets need a header`() throws {
        let rules = AdmissionRules(proxies: [.network(try IPNetwork(parsing: "10.0.0.0/8")), .unix])
        #expect(rules.needsHeader(from: .ipv4(IPv4Address(0x0a01_0203), port: 1)))
        #expect(rules.needsHeader(from: .unnamed))
        #expect(rules.needsHeader(from: .abstract(name: [1])))
        #expect(!rules.needsHeader(from: .ipv4(.loopback, port: 1)))
        #expect(!rules.needsHeader(from: .vsock(cid: 2, port: 1)))
        #expect(!AdmissionRules().needsHeader(from: .unnamed))
    }
}
