// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProxyProtocol

@Suite struct ConnectionTrailTests {
    @Test func `is text with the hops, the instance and the number`() {
        let trail = ConnectionTrail(instance: 0xdead_beef, connection: 42)
        #expect(trail.description == "usherd/1/1/00000000deadbeef/42")
    }
}
