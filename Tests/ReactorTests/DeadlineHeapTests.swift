// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Reactor

@Suite struct DeadlineHeapTests {
    @Test func `a new heap is empty`() {
        let heap = DeadlineHeap()
        #expect(heap.earliest == nil)
        #expect(heap.count == 0)
    }

    @Test func `the earliest deadline comes first`() {
        var heap = DeadlineHeap()
        for (slot, time) in [50, 10, 40, 20, 30].enumerated() { heap.schedule(slot, at: UInt64(time)) }
        var order: [Int] = []
        while let (_, slot) = heap.earliest {
            order.append(slot)
            heap.cancel(slot)
        }
        #expect(order == [1, 3, 4, 2, 0])
    }

    @Test func `a slot has one deadline, which may move earlier or later`() {
        var heap = DeadlineHeap()
        heap.schedule(3, at: 100)
        heap.schedule(7, at: 50)
        heap.schedule(3, at: 10)
        #expect(heap.earliest?.slot == 3)
        heap.schedule(3, at: 200)
        #expect(heap.earliest?.slot == 7)
        #expect(heap.count == 2)
    }

    @Test func `cancelling a slot without a deadline has no effect`() {
        var heap = DeadlineHeap()
        heap.cancel(5)
        heap.schedule(5, at: 1)
        heap.cancel(5)
        heap.cancel(5)
        #expect(heap.earliest == nil)
    }

    /// Compares ten thousand random steps with a dictionary that is searched.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random operations agree with a plain search`(seed: UInt64) {
        var random = SplitMix(seed: seed)
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
            #expect(heap.faults.isEmpty)
        }
    }

    @Test func `a deadline that takes the place of a cancelled one moves up`() {
        var heap = DeadlineHeap()
        // Slot 6 is last, under slot 2; slot 3 is under slot 1, whose deadline is later than that of slot 6.
        for (slot, time) in [1, 100, 2, 101, 102, 3, 4].enumerated() { heap.schedule(slot, at: UInt64(time)) }
        heap.cancel(3)
        #expect(heap.faults.isEmpty)
        #expect(drained(&heap) == [0, 2, 5, 6, 1, 4])
    }

    @Test func `a deadline that takes the place of a cancelled one moves down`() {
        var heap = DeadlineHeap()
        for (slot, time) in [1, 2, 50, 3, 4, 51, 60].enumerated() { heap.schedule(slot, at: UInt64(time)) }
        heap.cancel(1)
        #expect(heap.faults.isEmpty)
        #expect(drained(&heap) == [0, 3, 4, 2, 5, 6])
    }

    @Test func `a deadline that moves takes its new place at every level`() {
        for moved in 0..<15 {
            for time in [0, 35, 75, 1000] as [UInt64] {
                var heap = DeadlineHeap()
                for slot in 0..<15 { heap.schedule(slot, at: UInt64(slot * 10 + 1)) }
                heap.schedule(moved, at: time)
                #expect(heap.faults.isEmpty, "slot \(moved) at \(time)")
                #expect(heap.time(of: moved) == time && heap.count == 15)
                heap.cancel(moved)
                #expect(heap.faults.isEmpty && heap.time(of: moved) == nil && heap.count == 14)
            }
        }
    }

    /// The slots in the order of their deadlines; the heap is empty afterwards.
    private func drained(_ heap: inout DeadlineHeap) -> [Int] {
        var order: [Int] = []
        while let (_, slot) = heap.earliest {
            order.append(slot)
            heap.cancel(slot)
        }
        return order
    }
}
