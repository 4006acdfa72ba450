// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite struct LookupQueueTests {
    @Test func `hanging look-ups use few threads, and all complete`() throws {
        let queue = LookupQueue(width: 3)
        let gate = DispatchSemaphore(value: 0)
        let counts = Mutex((running: 0, most: 0, done: 0))
        for _ in 0..<300 {
            queue.add(isSlow: false) {
                counts.withLock {
                    $0.running += 1
                    $0.most = max($0.most, $0.running)
                }
                gate.wait()
                counts.withLock {
                    $0.running -= 1
                    $0.done += 1
                }
            }
        }
        try waitUntil("three are running") { counts.withLock { $0.running == 3 } }
        for _ in 0..<300 { gate.signal() }
        try waitUntil("all are done") { counts.withLock { $0.done == 300 } }
        #expect(counts.withLock { $0.most } == 3)
    }
}
