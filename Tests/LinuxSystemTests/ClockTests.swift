// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinuxSystem

@Suite struct ClockTests {
    @Test(arguments: [
        (UInt64(0), UInt64(0), UInt64(0)), (1, 3, 2), (3, 3, 0), (3, 1, 0), (.max, 0, 0), (0, .max, .max),
        (.max, .max, 0), (.max - 1, .max, 1),
    ])
    func `a span is never longer than the time that has passed`(start: UInt64, end: UInt64, span: UInt64) {
        #expect(Clock.span(from: start, to: end) == span)
    }
}
