// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinuxSystem

@Suite struct DNSAnswerTests {
    /// An answer to a question for `a.b`, with these records.
    private static func message(
        _ records: [[UInt8]], flags: UInt16 = 0x8180, questions: UInt16 = 1, answers: UInt16? = nil,
        question: [UInt8] = [1, 97, 1, 98, 0, 0, 1, 0, 1]
    ) -> [UInt8] {
        var message: [UInt8] = []
        for word: UInt16 in [0x1234, flags, questions, answers ?? UInt16(records.count), 0, 0] {
            message += [UInt8(word >> 8), UInt8(word & 0xff)]
        }
        return message + question + records.joined()
    }

    struct Row: Sendable {
        var records: [[UInt8]]
        var time: UInt32?

        init(_ records: [[UInt8]], _ time: UInt32?) {
            self.records = records
            self.time = time
        }
    }

    @Test(arguments: [
        Row([record(.a, ttl: 300)], 300),
        Row([record(.aaaa, ttl: 0)], 0),
        Row([record(.a, ttl: 0x7fff_ffff)], 0x7fff_ffff),
        // The highest bit: RFC 2181, section 8.
        Row([record(.a, ttl: 0x8000_0000)], 0),
        Row([record(.a, ttl: .max)], 0),
        Row([record(.a, ttl: 300), record(.a, ttl: 20), record(.a, ttl: 60)], 20),
        Row([record(.cname, ttl: 30), record(.a, ttl: 300)], 30),
        Row([record(.cname, ttl: 3000), record(.a, ttl: 300)], 300),
        Row([record(.dname, ttl: 5), record(.cname, ttl: 7), record(.aaaa, ttl: 300)], 5),
        // An alias without an address is no answer.
        Row([record(.cname, ttl: 30)], nil),
        Row([], nil),
        // What has nothing to do with addresses, and other classes, do not count.
        Row([record(.txt, ttl: 1, [0]), record(.a, ttl: 300), record(.rrsig, ttl: 2, [])], 300),
        Row([record(.a, ttl: 1, class: 3)], nil),
        Row([record(.a, ttl: 1, class: 3), record(.a, ttl: 9)], 9),
    ])
    func `the shortest TTL is used`(row: Row) {
        #expect(DNSAnswer.timeToLive(in: Self.message(row.records)) == row.time)
        // Whatever follows the answers is not looked at.
        #expect(DNSAnswer.timeToLive(in: Self.message(row.records) + [1, 2, 3]) == row.time)
    }

    @Test(
        arguments: [
            // A query; then NXDOMAIN, SERVFAIL, REFUSED.
            (0x0100, nil), (0x8183, nil), (0x8182, nil), (0x8185, nil),
            // Authoritative; truncated at a record.
            (0x8580, 300), (0x8380, 300),
        ] as [(UInt16, UInt32?)])
    func `the header flags are checked`(flags: UInt16, time: UInt32?) {
        #expect(DNSAnswer.timeToLive(in: Self.message([record(.a, ttl: 300)], flags: flags)) == time)
    }

    @Test func `a truncated answer has no TTL`() {
        let message = Self.message([record(.cname, ttl: 30), record(.a, ttl: 300), record(.aaaa, ttl: 20)])
        for length in 0..<message.count { #expect(DNSAnswer.timeToLive(in: Array(message.prefix(length))) == nil) }
        #expect(DNSAnswer.timeToLive(in: message) == 20)
    }

    @Test func `record counts are not trusted`() {
        let records = [record(.a, ttl: 300)]
        #expect(DNSAnswer.timeToLive(in: Self.message(records, answers: 2)) == nil)
        #expect(DNSAnswer.timeToLive(in: Self.message(records, answers: .max)) == nil)
        #expect(DNSAnswer.timeToLive(in: Self.message(records, questions: 2)) == nil)
        #expect(DNSAnswer.timeToLive(in: Self.message(records, questions: .max, answers: .max)) == nil)
        #expect(DNSAnswer.timeToLive(in: Self.message(records, questions: 0, question: [])) == 300)
        // The data of a record is longer than the message.
        var long = Self.message(records)
        long[long.count - 5] = 5
        #expect(DNSAnswer.timeToLive(in: long) == nil)
        long[long.count - 6] = 0xff
        #expect(DNSAnswer.timeToLive(in: long) == nil)
    }

    @Test(
        arguments: [
            // A pointer to itself, and two that point to each other: nobody follows them.
            ([0xc0, 12], 300), ([1, 97, 0xc0, 12], 300), ([0xc0, 14, 0xc0, 12], nil),
            // The two kinds of labels that RFC 1035 reserves.
            ([0x40, 0], nil), ([0x80, 0], nil),
            // A label of 63 bytes, and one that is cut off by the end.
            ([63] + Array(repeating: 97, count: 63) + [0], 300), ([63], nil),
            ([], nil),
        ] as [([UInt8], UInt32?)])
    func `names are skipped`(name: [UInt8], time: UInt32?) {
        let message = Self.message([record(.a, ttl: 300)], question: name + [0, 1, 0, 1])
        #expect(DNSAnswer.timeToLive(in: message) == time)
    }

    @Test func `parsing random bytes ends`() {
        var state: UInt64 = 1
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let good = Self.message([record(.cname, ttl: 30), record(.a, ttl: 300), record(.aaaa, ttl: 20)])
        var understood = 0
        for _ in 0..<20_000 {
            var message = good
            for _ in 0...Int(next() & 3) { message[Int(next()) % message.count] = next() }
            if next() & 7 == 0 { message.removeLast(Int(next()) % message.count) }
            if DNSAnswer.timeToLive(in: message) != nil { understood += 1 }
        }
        #expect((1000..<19_000).contains(understood))
    }
}
