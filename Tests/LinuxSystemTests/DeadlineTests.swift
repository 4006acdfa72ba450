// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Testing

@Suite struct DeadlineTests {
    @Test func `a deadline is now plus the duration`() {
        #expect(UInt64.deadline(in: .milliseconds(1500), after: 7) == 1_500_000_007)
        #expect(UInt64.deadline(in: .zero, after: 7) == 7)
        #expect(UInt64.deadline(in: nil, after: 7) == nil)
    }

    @Test(arguments: [
        // 2^64 nanoseconds are 18 446 744 073.709551616 s.
        Duration.seconds(18_446_744_074), .seconds(18_446_744_073) + .milliseconds(709), .seconds(Int64.max),
    ])
    func `a duration that the clock cannot count has no end`(duration: Duration) {
        #expect(UInt64.deadline(in: duration, after: 1_000_000_000) == nil)
    }
}
