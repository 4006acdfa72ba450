// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Testing

@testable import Reactor

@Suite struct ConnectionCountTests {
    @Test func `the count stops at the limit`() {
        let count = ConnectionCount()
        #expect(count.enter(limit: 2))
        #expect(count.enter(limit: 2))
        #expect(!count.enter(limit: 2))
        #expect(count.value == 2)
        count.leave()
        #expect(count.enter(limit: 2))
    }

    @Test func `no limit admits all, and limit 0 admits none`() {
        let count = ConnectionCount()
        #expect(!count.enter(limit: 0))
        for _ in 0..<1000 { #expect(count.enter(limit: nil)) }
        #expect(count.value == 1000)
    }

    @Test func `concurrent counting is exact`() {
        let count = ConnectionCount()
        let admitted = ConnectionCount()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<1000 where count.enter(limit: 500) { _ = admitted.enter(limit: nil) }
        }
        #expect(admitted.value == 500)
        #expect(count.value == 500)
    }
}
