// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

/// A source that sends back the answers of a service is answered at a limited rate, so that a loop of two services ends.
@Suite struct ReturnedAnswersTests {
    /// Lets datagrams go round in a loop, each as it was answered, until all of them were held back.
    ///
    /// - Returns: how many answers there were, at most `limit`.
    private func loop(
        _ datagrams: [[UInt8]], limit: Int, every pause: UInt64 = 1_000_000, seed: UInt64 = 1
    ) -> Int {
        var returned = ReturnedAnswers(seed: seed)
        var travelling = datagrams
        var answered = 0
        var round: UInt64 = 0
        while !travelling.isEmpty, answered < limit {
            travelling.removeAll { bytes in
                round += 1
                let repeats = returned.repeats(in: bytes.span.bytes, segment: 0)
                guard returned.mayAnswer(repeats, at: round * pause) else { return true }
                answered += 1
                returned.note(bytes.span.bytes, segment: 0)
                return false
            }
        }
        return answered
    }

    @Test(arguments: [0, 1, 15, 16, 17, 1400]) func `a looping datagram is limited after a thousand answers`(
        length: Int
    ) {
        let answered = loop([[UInt8](repeating: 0x61, count: length)], limit: 100_000)
        // Ten a second of the time that the first thousand take, and those before anything is remembered.
        #expect(answered >= 1000 && answered <= 1000 + 20 + 65)
    }

    /// 64 answers are remembered, so of 300 pairs some have one place for both.
    @Test func `two looping datagrams are both detected`() {
        for other in UInt8(1)...255 {
            let answered = loop([[0, 0, 7], [0, other, 7]], limit: 20_000)
            #expect(answered < 20_000, "\(other)")
        }
    }

    @Test(arguments: 0..<20) func `many looping datagrams are all limited`(seed: UInt64) {
        let datagrams = (0..<500).map { [UInt8($0 / 256), UInt8($0 % 256), 9] }
        // No time passes, so only the first thousand repeats are answered.
        #expect(loop(datagrams, limit: 500_000, every: 0, seed: seed) < 500_000)
    }

    @Test func `a client that repeats a request ten times a second is always answered`() {
        #expect(loop([[1, 2, 3]], limit: 10_000, every: 100_000_000) == 10_000)
    }

    @Test func `different datagrams are never limited`() {
        var returned = ReturnedAnswers()
        for number in 0..<100_000 {
            var bytes = [UInt8](repeating: 0x61, count: 1400)
            bytes[5] = UInt8(truncatingIfNeeded: number)
            bytes[6] = UInt8(truncatingIfNeeded: number >> 8)
            bytes[7] = UInt8(truncatingIfNeeded: number >> 16)
            if returned.repeats(in: bytes.span.bytes, segment: 0) != 0 { Issue.record("\(number) is a repeat") }
            returned.note(bytes.span.bytes, segment: 0)
        }
    }

    @Test func `each segment of a coalesced datagram is compared by itself`() {
        // With this seed each has a place of its own.
        var returned = ReturnedAnswers(seed: 1)
        let one: [UInt8] = [1, 2, 3]
        for _ in 0..<64 { returned.note(one.span.bytes, segment: 0) }
        let joined: [UInt8] = [1, 2, 3, 4, 5, 6, 1, 2, 3, 7]
        #expect(returned.repeats(in: joined.span.bytes, segment: 3) == 0, "nothing is remembered yet")
        returned.note(joined.span.bytes, segment: 3)
        #expect(returned.repeats(in: one.span.bytes, segment: 0) == 1)
        #expect(returned.repeats(in: joined.span.bytes, segment: 3) == 4)
        #expect(returned.repeats(in: joined.span.bytes, segment: 0) == 0)
        #expect(returned.repeats(in: joined.span.bytes.extracting(3..<10), segment: 3) == 3)
    }
}
