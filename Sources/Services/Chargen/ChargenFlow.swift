// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// Answers every datagram with a random number of characters of the pattern, 0 to 512: RFC 864.
///
/// Two of these would answer each other without end, and never with the same bytes, which ``ReturnedAnswers`` could detect.
/// So after a thousand answers it sends ten a second.
final class ChargenFlow: AnsweringFlow {
    /// The line of the pattern at which the next answer begins.
    private var line = 0

    private var allowance = Allowance(perSecond: 10, burst: 1000)

    override func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {
        guard allowance.take(count, at: lane.now) else { return dropUnanswered(count) }
        let pattern = ChargenPattern.bytes
        for _ in 0..<count {
            let start = line * ChargenPattern.lineLength
            let length = Int.random(in: 0...512)
            // unsafe: bytes have no padding.
            answer(unsafe pattern.span.extracting(start..<start + length).bytes)
            line = (line + 1) % 95
        }
    }
}
