// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Sends every datagram back unchanged: RFC 862.
final class EchoFlow: AnsweringFlow {
    override func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {
        answerWithSame(bytes, segment: segment, isWhole: isWhole)
    }
}
