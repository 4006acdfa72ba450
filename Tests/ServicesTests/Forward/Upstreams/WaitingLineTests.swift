// SPDX-License-Identifier: Apache-2.0

import Reactor
import TestSupport
import Testing

@testable import Services

@Suite struct WaitingLineTests {
    /// Who waits, and notes when it is called.
    private final class Caller: Pollable, Waiting {
        private(set) var calls = 0

        func resume() { calls += 1 }
    }

    /// A line with some who wait.
    private struct Scene {
        let harness: LaneHarness
        let line = WaitingLine()
        let callers: [Caller]
        let numbers: [UInt64]

        init(_ count: Int) throws {
            harness = try LaneHarness()
            callers = (0..<count).map { _ in Caller() }
            for caller in callers { harness.add(caller) }
            var numbers: [UInt64] = []
            for caller in callers {
                numbers.append(try #require(line.enter(Waiter(caller, on: harness.lane), limit: count)))
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
            scene.line.serve()
            #expect(scene.calls == called)
        }
        #expect(scene.line.length == 0)
    }

    @Test func `room that the called connection cannot use is offered to those behind it`() throws {
        let scene = try Scene(4)
        scene.line.serve(behind: scene.numbers[1])
        #expect(scene.calls == [0, 0, 1, 0])
        // The one that was called passes it on, past those that came before.
        scene.line.serve(behind: scene.numbers[2])
        #expect(scene.calls == [0, 0, 1, 1])
        // Nobody is behind the last one, and those before it keep their places.
        scene.line.serve(behind: scene.numbers[3])
        #expect(scene.calls == [0, 0, 1, 1])
        #expect(scene.line.length == 2)
        scene.line.serve()
        scene.line.serve()
        #expect(scene.calls == [1, 1, 1, 1])
    }

    @Test func `a connection called in vain gets its place back, above the limit too`() throws {
        let scene = try Scene(3)
        scene.line.serve()
        #expect(scene.line.enter(scene.waiter(0), limit: 0, again: scene.numbers[0]) == scene.numbers[0])
        scene.line.serve()
        #expect(scene.calls == [2, 0, 0], "it is before the others as before")
        // Of those behind it, the one in the middle left and came back.
        #expect(scene.line.leave(scene.numbers[1]) == nil)
        #expect(scene.line.enter(scene.waiter(1), limit: 0, again: scene.numbers[1]) == scene.numbers[1])
        scene.line.serve(behind: scene.numbers[0])
        #expect(scene.calls == [2, 1, 0])
    }

    @Test func `a connection that left is not called, and a called one cannot leave`() throws {
        let scene = try Scene(3)
        #expect(scene.line.leave(scene.numbers[0]) == nil)
        #expect(scene.line.leave(scene.numbers[0]) == .room)
        scene.line.serve()
        #expect(scene.line.leave(scene.numbers[1]) == .room)
        #expect(scene.calls == [0, 1, 0])
        #expect(scene.line.length == 1)
    }

    @Test func `the limit bounds the waiting connections`() throws {
        let scene = try Scene(2)
        #expect(scene.line.enter(scene.waiter(0), limit: 2) == nil)
        #expect(scene.line.length == 2)
        scene.line.serve()
        #expect(scene.line.enter(scene.waiter(0), limit: 2) != nil)
        #expect(WaitingLine().enter(scene.waiter(0), limit: 0) == nil)
    }

    @Test func `an upstream that is up again calls all, one after another`() throws {
        let scene = try Scene(200)
        scene.line.serveAll()
        for (index, number) in scene.numbers.enumerated() {
            #expect(scene.calls == Array(repeating: 1, count: index + 1) + Array(repeating: 0, count: 199 - index))
            #expect(scene.line.leave(number) == .sweep)
            // Every third is in the line again, every third has got what it wanted, every third has gone.
            switch index % 3 {
            case 0:
                #expect(scene.line.enter(scene.waiter(index), limit: 0, again: number) == number)
                scene.line.answer(.waits, to: .sweep, of: number)
            case 1: scene.line.answer(.served, to: .sweep, of: number)
            default: scene.line.answer(.left, to: .sweep, of: number)
            }
        }
        #expect(scene.calls == Array(repeating: 1, count: 200))
        #expect(scene.line.length == 67)
    }

    @Test func `room during a sweep calls the first connection, and the sweep continues`() throws {
        let scene = try Scene(4)
        scene.line.serveAll()
        scene.line.serve()
        #expect(scene.calls == [1, 1, 0, 0])
        #expect(scene.line.leave(scene.numbers[1]) == .room)
        scene.line.answer(.served, to: .room, of: scene.numbers[1])
        #expect(scene.calls == [1, 1, 0, 0])
        #expect(scene.line.leave(scene.numbers[0]) == .sweep)
        scene.line.answer(.left, to: .sweep, of: scene.numbers[0])
        #expect(scene.calls == [1, 1, 1, 0])
    }

    @Test func `an abandoned place is not called by an earlier sweep`() throws {
        let scene = try Scene(2)
        scene.line.serveAll()
        #expect(scene.line.leave(scene.numbers[0]) == .sweep)
        #expect(scene.line.enter(scene.waiter(0), limit: 0, again: scene.numbers[0]) == scene.numbers[0])
        scene.line.serve()
        #expect(scene.line.leave(scene.numbers[0]) == .room)
    }

    /// Places are given up at the head and in the middle; the order stays.
    @Test func `random operations keep the order`() throws {
        let scene = try Scene(300)
        for index in stride(from: 0, to: 300, by: 3) { #expect(scene.line.leave(scene.numbers[index]) == nil) }
        for index in 0..<300 where index % 3 == 1 {
            // Those at 1, 4, 7 … are the head each time, once the one behind them is taken from the middle.
            scene.line.serve(behind: scene.numbers[index])
            scene.line.serve()
            let calls = scene.calls
            #expect(calls[index] == 1 && calls[index + 1] == 1 && calls[(index + 2)...].allSatisfy { $0 == 0 })
        }
        #expect(scene.line.length == 0)
    }
}
