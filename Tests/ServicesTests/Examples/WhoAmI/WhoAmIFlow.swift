// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Answers every datagram with the address that it came from, unless a forged source could misuse the answer.
final class WhoAmIFlow: AnsweringFlow {
    private let values: WhoAmIValues

    init(flow seed: FlowSeed, lane: Lane, _ values: WhoAmIValues) {
        self.values = values
        super.init(flow: seed, lane: lane)
    }

    override func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {
        let line = values.line(for: identity)
        // unsafe: bytes have no padding.
        for _ in 0..<count { answerOnce(unsafe line.span.bytes) }
    }
}
