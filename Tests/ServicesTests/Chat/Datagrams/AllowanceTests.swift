// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

@Suite struct AllowanceTests {
    private static let second: UInt64 = 1_000_000_000

    /// What is asked for, when, in tenths of a second, and whether it may pass.
    private static let table: [(String, [(amount: Int, tenths: UInt64, passes: Bool)])] = [
        ("all at once", [(100, 0, true), (1, 0, false)]),
        ("in parts", [(60, 0, true), (40, 0, true), (1, 0, false)]),
        ("more than ever may", [(101, 0, false), (101, 1000, false), (100, 1000, true)]),
        ("what is refused is not counted", [(90, 0, true), (20, 0, false), (10, 0, true)]),
        ("ten a second are earned", [(100, 0, true), (2, 1, false), (1, 1, true), (1, 1, false), (9, 10, true)]),
        ("no more than the burst is saved", [(100, 0, true), (100, 1000, true), (1, 1000, false)]),
        ("nothing costs nothing", [(100, 0, true), (0, 0, true)]),
        ("a clock that began long ago", [(100, 1 << 30, true), (1, 1 << 30, false), (10, (1 << 30) + 10, true)]),
    ]

    @Test(arguments: table) func `the allowance passes what has accumulated`(
        _: String, steps: [(amount: Int, tenths: UInt64, passes: Bool)]
    ) {
        var allowance = Allowance(perSecond: 10, burst: 100)
        for step in steps {
            let now = step.tenths * Self.second / 10
            #expect(allowance.take(step.amount, at: now) == step.passes, "\(step)")
        }
    }

    @Test func `an allowance of one a second passes one a second`() {
        var allowance = Allowance(perSecond: 1, burst: 1)
        let times: [UInt64] = [
            5 * Self.second, 5 * Self.second + 1, 6 * Self.second - 1, 6 * Self.second, 9 * Self.second,
        ]
        let passed = times.map { allowance.take(1, at: $0) }
        #expect(passed == [true, false, false, true, true])
    }
}
