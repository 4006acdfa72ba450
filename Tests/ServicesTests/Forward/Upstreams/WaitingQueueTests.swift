// SPDX-License-Identifier: Apache-2.0

import Reactor
import TestSupport
import Testing

@testable import Services

@Suite struct WaitingQueueTests {
    /// Who waits, and notes when it is called.
    private final class Caller: Pollable, Waiting {
        private(set) var calls = 0

        func resume() { calls += 1 }
    }

    /// A queue with some who wait.
    private struct Scene {
        let harness: LaneHarness
        let queue = WaitingQueue()
        let callers: [Caller]
        let numbers: [UInt64]

        init(_ count: Int) throws {
            harness = try LaneHarness()
            callers = (0..<count).map { _ in Caller() }
            for caller in callers { harness.add(caller) }
            var numbers: [UInt64] = []
            for caller in callers {
                numbers.append(try #require(queue.enter(Waiter(caller, on: harness.lane), limit: count)))
            }
            self.numbers = numbers
        }

        func waiter(_ index: Int) -> Waiter { Waiter(callers[index], on: harness.lane) }

        /// How often each was called so far.
        var calls: [Int] {
            harness.run(turns: 2)
            return callers.map(\.calls)
        }
    }

    @Test func `waiting connections are called in order`() throws {
        let scene = try Scene(3)
        #expect(scene.numbers == scene.numbers.sorted() && Set(scene.numbers).count == 3)
        for called in [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]] {
            scene.queue.serve()
            #expect(scene.calls == called)
        }
        #expect(scene.queue.length == 0)
    }

    @Test func `room that the called connection cannot use is offered to those behind it`() throws {
        let scene = try Scene(4)
        scene.queue.serve(behind: scene.numbers[1])
        #expect(scene.calls == [0, 0, 1, 0])
        // The one that was called passes it on, past those that came before.
        scene.queue.serve(behind: scene.numbers[2])
        #expect(scene.calls == [0, 0, 1, 1])
        // Nobody is behind the last one, and those before it keep their places.
        scene.queue.serve(behind: scene.numbers[3])
        #expect(scene.calls == [0, 0, 1, 1])
        #expect(scene.queue.length == 2)
        scene.queue.serve()
        scene.queue.serve()
        #expect(scene.calls == [1, 1, 1, 1])
    }

    @Test func `a connection called in vain gets its place back, above the limit too`() throws {
        let scene = try Scene(3)
        scene.queue.serve()
        #expect(scene.queue.enter(scene.waiter(0), limit: 0, again: scene.numbers[0]) == scene.numbers[0])
        scene.queue.serve()
        #expect(scene.calls == [2, 0, 0], "it is before the others as before")
        // Of those behind it, the one in the middle left and came back.
        #expect(scene.queue.leave(scene.numbers[1]) == nil)
        #expect(scene.queue.enter(scene.waiter(1), limit: 0, again: scene.numbers[1]) == scene.numbers[1])
        scene.queue.serve(behind: scene.numbers[0])
        #expect(scene.calls == [2, 1, 0])
    }

    @Test func `a connection that left is not called, and a called one cannot leave`() throws {
        let scene = try Scene(3)
        #expect(scene.queue.leave(scene.numbers[0]) == nil)
        #expect(scene.queue.leave(scene.numbers[0]) == .room)
        scene.queue.serve()
        #expect(scene.queue.leave(scene.numbers[1]) == .room)
        #expect(scene.calls == [0, 1, 0])
        #expect(scene.queue.length == 1)
    }

    @Test func `the limit bounds the waiting connections`() throws {
        let scene = try Scene(2)
        #expect(scene.queue.enter(scene.waiter(0), limit: 2) == nil)
        #expect(scene.queue.length == 2)
        scene.queue.serve()
        #expect(scene.queue.enter(scene.waiter(0), limit: 2) != nil)
        #expect(WaitingQueue().enter(scene.waiter(0), limit: 0) == nil)
    }

    @Test func `an upstream that is up again calls all, one after another`() throws {
        let scene = try Scene(200)
        scene.queue.serveAll()
        for (index, number) in scene.numbers.enumerated() {
            #expect(scene.calls == Array(repeating: 1, count: index + 1) + Array(repeating: 0, count: 199 - index))
            #expect(scene.queue.leave(number) == .sweep)
            // Every third is in the queue again, every third has got what it wanted, every third has gone.
            switch index % 3 {
            case 0:
                #expect(scene.queue.enter(scene.waiter(index), limit: 0, again: number) == number)
                scene.queue.answer(.waits, to: .sweep, of: number)
            case 1: scene.queue.answer(.served, to: .sweep, of: number)
            default: scene.queue.answer(.left, to: .sweep, of: number)
            }
        }
        #expect(scene.calls == Array(repeating: 1, count: 200))
        #expect(scene.queue.length == 67)
    }

    @Test func `room during a sweep calls the first connection, and the sweep continues`() throws {
        let scene = try Scene(4)
        scene.queue.serveAll()
        scene.queue.serve()
        #expect(scene.calls == [1, 1, 0, 0])
        #expect(scene.queue.leave(scene.numbers[1]) == .room)
        scene.queue.answer(.served, to: .room, of: scene.numbers[1])
        #expect(scene.calls == [1, 1, 0, 0])
        #expect(scene.queue.leave(scene.numbers[0]) == .sweep)
        scene.queue.answer(.left, to: .sweep, of: scene.numbers[0])
        #expect(scene.calls == [1, 1, 1, 0])
    }

    @Test func `an abandoned place is not called by an earlier sweep`() throws {
        let scene = try Scene(2)
        scene.queue.serveAll()
        #expect(scene.queue.leave(scene.numbers[0]) == .sweep)
        #expect(scene.queue.enter(scene.waiter(0), limit: 0, again: scene.numbers[0]) == scene.numbers[0])
        scene.queue.serve()
        #expect(scene.queue.leave(scene.numbers[0]) == .room)
    }

    /// Places are given up at the head and in the middle; the order stays.
    @Test func `random operations keep the order`() throws {
        let scene = try Scene(300)
        for index in stride(from: 0, to: 300, by: 3) { #expect(scene.queue.leave(scene.numbers[index]) == nil) }
        for index in 0..<300 where index % 3 == 1 {
            // Those at 1, 4, 7 … are the head each time, once the one behind them is taken from the middle.
            scene.queue.serve(behind: scene.numbers[index])
            scene.queue.serve()
            let calls = scene.calls
            #expect(calls[index] == 1 && calls[index + 1] == 1 && calls[(index + 2)...].allSatisfy { $0 == 0 })
        }
        #expect(scene.queue.length == 0)
    }
}
