// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reactor

@Suite struct HandOverTests {
    @Test(arguments: [
        (0, [5000], nil as Int?), (0, [0, 0], nil), (0, [7, 0], nil), (0, [8, 0], 1), (1, [0, 8], 0), (0, [8, 1], nil),
        (0, [100, 95], nil), (0, [100, 80, 20, 90], 2), (2, [3, 3, 3], nil), (0, [1000, 900], nil),
        (0, [1000, 880], 1),
        (1, [5, 20, 4, 4], 2),
    ])
    func `the least loaded lane is chosen if the difference is large enough`(own: Int, loads: [Int], target: Int?) {
        #expect(HandOver.target(own: own, count: loads.count) { loads[$0] } == target)
    }

    /// Whichever lane accepts, loads end up close together.
    @Test(arguments: [2, 3, 8]) func `lanes stay balanced`(count: Int) {
        var loads = Array(repeating: 0, count: count)
        for _ in 0..<10_000 {
            let target = HandOver.target(own: 0, count: count) { loads[$0] } ?? 0
            loads[target] += 1
        }
        let most = loads.max() ?? 0
        let least = loads.min() ?? 0
        #expect(most - least <= max(HandOver.tolerance, most / 8) + 1)
    }
}
