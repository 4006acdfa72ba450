// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

/// What comes back as it was answered is answered no more after a while: so a loop of two services ends.
@Suite struct ReturnedAnswersTests {
    /// Lets a source send a datagram again and again as it was answered, so many times, a millisecond after each other.
    private func loop(_ bytes: [UInt8], rounds: Int, every pause: UInt64 = 1_000_000) -> Int {
        var returned = ReturnedAnswers()
        var answered = 0
        for round in 0..<rounds {
            guard returned.mayAnswer(bytes.span.bytes, count: 1, at: UInt64(round) * pause) else { continue }
            answered += 1
            returned.note(bytes.span.bytes)
        }
        return answered
    }

    @Test(arguments: [0, 1, 15, 16, 17, 1400]) func `a datagram that goes round is bounded`(length: Int) {
        let bytes = [UInt8](repeating: 0x61, count: length)
        // A thousand, those before anything is remembered, and ten a second of the hundred seconds.
        let answered = loop(bytes, rounds: 100_000)
        #expect(answered >= 1000 && answered <= 1000 + 64 + 1001)
    }

    @Test func `a client that asks the same ten times a second is always answered`() {
        #expect(loop([1, 2, 3], rounds: 10_000, every: 100_000_000) == 10_000)
    }

    @Test func `datagrams that differ are never held back`() {
        var returned = ReturnedAnswers()
        for number in 0..<100_000 {
            var bytes = [UInt8](repeating: 0x61, count: 1400)
            bytes[5] = UInt8(truncatingIfNeeded: number)
            bytes[6] = UInt8(truncatingIfNeeded: number >> 8)
            bytes[7] = UInt8(truncatingIfNeeded: number >> 16)
            if !returned.mayAnswer(bytes.span.bytes, count: 1, at: 0) { Issue.record("\(number) is held back") }
            returned.note(bytes.span.bytes)
        }
    }

    @Test func `several datagrams that go round are bounded together`() {
        var returned = ReturnedAnswers()
        var answered = 0
        for round in 0..<100_000 {
            let bytes = [UInt8](repeating: UInt8(round % 20), count: 40)
            guard returned.mayAnswer(bytes.span.bytes, count: 1, at: 0) else { continue }
            answered += 1
            returned.note(bytes.span.bytes)
        }
        // Two whose places are the same hide each other.
        #expect(answered < 100_000)
    }
}
