// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProxyProtocol

@Suite struct ConnectionTrailTests {
    @Test func `a trail has hops, instance and number`() {
        let trail = ConnectionTrail(instance: 0xdead_beef, connection: 42)
        #expect(trail.description == "usherd/1/1/00000000deadbeef/42")
        #expect(trail.next()?.description == "usherd/1/2/00000000deadbeef/42")
    }

    @Test(
        arguments: [
            ("usherd/1/1/0000000000000000/0", 1, 0, 0),
            ("usherd/1/16/0123456789abcdef/10", 16, 0x0123_4567_89ab_cdef, 10),
            ("usherd/1/255/ffffffffffffffff/18446744073709551615", 255, .max, .max),
        ] as [(String, UInt8, UInt64, UInt64)])
    func `a trail is written and read back`(text: String, hops: UInt8, instance: UInt64, connection: UInt64) {
        let trail = ConnectionTrail(parsing: text.utf8)
        #expect(trail?.hops == hops)
        #expect(trail?.instance == instance)
        #expect(trail?.connection == connection)
        #expect(trail?.description == text)
        #expect(trail?.textLength == text.utf8.count)
        #expect(text.utf8.count <= ConnectionTrail.longestText)
    }

    @Test(arguments: [
        "", "usherd", "usherd/1", "usherd/1/", "usherd/1/1", "usherd/1/1/", "usherd/1/1/00000000deadbeef",
        "usherd/1/1/00000000deadbeef/", "usherd/1/1/00000000deadbeef//42", "usherd/1/1/00000000deadbeef/42/",
        "usherd/1/1/00000000deadbeef/42 ", " usherd/1/1/00000000deadbeef/42", "usherd/2/1/00000000deadbeef/42",
        "Usherd/1/1/00000000deadbeef/42", "usherd/1/0/00000000deadbeef/42", "usherd/1/01/00000000deadbeef/42",
        "usherd/1/256/00000000deadbeef/42", "usherd/1/-1/00000000deadbeef/42", "usherd/1//00000000deadbeef/42",
        "usherd/1/1/deadbeef/42", "usherd/1/1/000000000deadbeef/42", "usherd/1/1/00000000DEADBEEF/42",
        "usherd/1/1/00000000deadbeeg/42", "usherd/1/1/00000000deadbeef/042", "usherd/1/1/00000000deadbeef/+42",
        "usherd/1/1/00000000deadbeef/18446744073709551616", "usherd/1/1/00000000deadbeef/28446744073709551615",
        "usherd/1/1/00000000deadbeef/99999999999999999999999999999999", "7f000001:9c40_7f000001:1f90_5f:1",
    ])
    func `other text is not a trail`(text: String) {
        #expect(ConnectionTrail(parsing: text.utf8) == nil)
    }

    @Test func `a trail ends after the maximum number of relays`() {
        var trail = ConnectionTrail(instance: 7, connection: 9)
        for hops in 2...ConnectionTrail.mostHops {
            guard let next = trail.next() else {
                Issue.record("ended after \(trail.hops)")
                return
            }
            #expect(next.hops == hops)
            #expect(next.instance == 7)
            #expect(next.connection == 9)
            trail = next
        }
        #expect(trail.next() == nil)
        #expect(ConnectionTrail(parsing: "usherd/1/255/0000000000000007/9".utf8).map { $0.next() } == .some(nil))
    }
}
