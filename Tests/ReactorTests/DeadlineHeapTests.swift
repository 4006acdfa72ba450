// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Reactor

@Suite struct DeadlineHeapTests {
    @Test func `is empty at first`() {
        let heap = DeadlineHeap()
        #expect(heap.earliest == nil)
        #expect(heap.count == 0)
    }

    @Test func `gives the earliest deadline first`() {
        var heap = DeadlineHeap()
        for (slot, time) in [50, 10, 40, 20, 30].enumerated() { heap.schedule(slot, at: UInt64(time)) }
        var order: [Int] = []
        while let (_, slot) = heap.earliest {
            order.append(slot)
            heap.cancel(slot)
        }
        #expect(order == [1, 3, 4, 2, 0])
    }

    @Test func `keeps one deadline for a slot, earlier or later`() {
        var heap = DeadlineHeap()
        heap.schedule(3, at: 100)
        heap.schedule(7, at: 50)
        heap.schedule(3, at: 10)
        #expect(heap.earliest?.slot == 3)
        heap.schedule(3, at: 200)
        #expect(heap.earliest?.slot == 7)
        #expect(heap.count == 2)
    }

    @Test func `forgets a slot that has none without harm`() {
        var heap = DeadlineHeap()
        heap.cancel(5)
        heap.schedule(5, at: 1)
        heap.cancel(5)
        heap.cancel(5)
        #expect(heap.earliest == nil)
    }

    /// Compares ten thousand random steps with a dictionary that is searched.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `agrees with a plain search`(seed: UInt64) {
        var random = SplitMix(state: seed)
        var heap = DeadlineHeap()
        var reference: [Int: UInt64] = [:]
        for _ in 0..<10_000 {
            let slot = Int(random.next() % 97)
            if random.next() % 3 == 0 {
                heap.cancel(slot)
                reference[slot] = nil
            } else {
                let time = random.next() % 1000
                heap.schedule(slot, at: time)
                reference[slot] = time
            }
            #expect(heap.count == reference.count)
            #expect(heap.earliest?.time == reference.values.min())
            if let (time, slot) = heap.earliest { #expect(reference[slot] == time) }
        }
    }
}

/// A small generator whose numbers are the same each time (Steele, Lea, Flood: splitmix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
