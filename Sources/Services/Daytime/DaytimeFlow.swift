// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// Answers every datagram with the date and time as text: RFC 867.
final class DaytimeFlow: AnsweringFlow {
    override func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {
        var line: [UInt8] = []
        line.append(daytimeOf: CivilTime(nanoseconds: Clock.realtime))
        // unsafe: bytes have no padding.
        for _ in 0..<count { answerOnce(unsafe line.span.bytes) }
    }
}
