// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// Answers every datagram with the seconds since 1900 as four bytes: RFC 868.
final class TimeFlow: AnsweringFlow {
    override func respond(_ bytes: RawSpan, segment: Int, count: Int, isWhole: Bool) {
        var number: [UInt8] = []
        number.append(bigEndian: TimeProtocol.seconds(of: Clock.realtime))
        // unsafe: bytes have no padding.
        for _ in 0..<count { answerOnce(unsafe number.span.bytes) }
    }
}
