// SPDX-License-Identifier: Apache-2.0

import Reactor
import Testing

@testable import Services

@Suite struct LaneCallsTests {
    @Test(arguments: [(1 << 20, 4), ((1 << 20) - 1, 3), (768 << 10, 3), (512 << 10, 2), (256 << 10, 1), (64 << 10, 1)])
    func `the more are ready, the fewer calls each makes in a turn`(share: Int, calls: Int) {
        #expect(Lane.calls(4, share: share) == calls)
    }
}
