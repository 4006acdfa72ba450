// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct DurationTests {
    @Test(
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(250), 250_000_000), (.seconds(30), 30_000_000_000),
            (.seconds(-1), 0), (.nanoseconds(-1), 0),
            (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
            (Duration(secondsComponent: 18_446_744_073, attosecondsComponent: 709_551_615_000_000_000), .max),
            (Duration(secondsComponent: 18_446_744_073, attosecondsComponent: 709_551_614_000_000_000), .max - 1),
            // What 64 bits do not hold is for ever, not a moment.
            (Duration(secondsComponent: 18_446_744_073, attosecondsComponent: 999_999_999_000_000_000), .max),
            (.seconds(18_446_744_074), .max), (.seconds(Int64.max), .max), (.milliseconds(Int64.max), .max),
        ] as [(Duration, UInt64)])
    func `a duration is converted to nanoseconds`(duration: Duration, nanoseconds: UInt64) {
        #expect(duration.nanoseconds == nanoseconds)
    }
}
