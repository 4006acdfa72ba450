// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

@Suite struct LookupTurnsTests {
    @Test func `look-ups run in order, at most as many as threads`() {
        var turns = LookupTurns<Int>(width: 2)
        for job in 1...4 { turns.add(job, isSlow: false) }
        #expect(turns.next()?.job == 1)
        #expect(turns.next()?.job == 2)
        #expect(turns.next() == nil)
        #expect(turns.waiting == 2)
        turns.ended(isSlow: false)
        #expect(turns.next()?.job == 3)
        #expect(turns.next() == nil)
    }

    @Test func `slow look-ups use at most half of the threads`() {
        var turns = LookupTurns<Int>(width: 8)
        for job in 0..<300 { turns.add(job, isSlow: true) }
        for job in 0..<4 { #expect(turns.next() ?? (-1, false) == (job, true)) }
        #expect(turns.next() == nil)
        turns.add(1000, isSlow: false)
        #expect(turns.next() ?? (-1, true) == (1000, false))
        turns.ended(isSlow: true)
        #expect(turns.next()?.job == 4)
        #expect(turns.next() == nil)
    }

    @Test func `fast look-ups may use all threads`() {
        var turns = LookupTurns<Int>(width: 4)
        for job in 0..<5 { turns.add(job, isSlow: false) }
        turns.add(5, isSlow: true)
        for job in 0..<4 { #expect(turns.next()?.job == job) }
        #expect(turns.next() == nil)
    }

    @Test func `a single thread runs slow look-ups too`() {
        var turns = LookupTurns<Int>(width: 1)
        turns.add(1, isSlow: true)
        #expect(turns.next()?.job == 1)
    }

    @Test func `many look-ups run in order`() {
        var turns = LookupTurns<Int>(width: 1)
        var order: [Int] = []
        for job in 0..<1000 {
            turns.add(job, isSlow: false)
            if job % 3 == 0, let next = turns.next() {
                order.append(next.job)
                turns.ended(isSlow: false)
            }
        }
        while let next = turns.next() {
            order.append(next.job)
            turns.ended(isSlow: false)
        }
        #expect(order == Array(0..<1000))
    }
}
