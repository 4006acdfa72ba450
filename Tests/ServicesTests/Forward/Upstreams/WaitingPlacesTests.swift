// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reactor
import TestSupport
import Testing

@testable import Relaying
@testable import Services

@Suite struct WaitingPlacesTests {
    /// A connection that waits, at every place.
    private final class Caller: Pollable, Waiting {
        func resume() {}
    }

    /// Places on which the connections of a line of some length do something.
    private static let shapes: [(name: String, play: @Sendable (inout WaitingPlaces<Waiter>, UInt64) -> Void)] = [
        (
            "the last leave first",
            { places, count in for number in (1...count).reversed() { _ = places.remove(at: number) } }
        ),
        (
            "every second leaves, then the others",
            { places, count in
                for number in stride(from: 1, through: count, by: 2) { _ = places.remove(at: number) }
                for number in stride(from: 2, through: count, by: 2) { _ = places.remove(at: number) }
            }
        ),
        (
            "a sweep calls each, which lines up again",
            { places, count in
                var number: UInt64 = 0
                while let called = places.takeFirst(behind: number) {
                    number = called.number
                    places.insert(called.waiter, at: number)
                }
            }
        ),
        (
            "the first cannot use the room, and passes each call on",
            { places, _ in
                while let called = places.takeFirst(behind: 0) {
                    places.insert(called.waiter, at: called.number)
                    guard places.takeFirst(behind: called.number) != nil else { break }
                }
            }
        ),
    ]

    @Test(arguments: shapes.indices)
    func `operations on the queue take linear time`(shape: Int) throws {
        let (name, play) = Self.shapes[shape]
        // A quadratic effort would be 16 times as much.
        let harness = try LaneHarness()
        let caller = Caller()
        harness.add(caller)
        let waiter = Waiter(caller, on: harness.lane)
        func line(_ count: UInt64) -> WaitingPlaces<Waiter> {
            var places = WaitingPlaces<Waiter>()
            for number in 1...count { places.insert(waiter, at: number) }
            return places
        }
        let growth = growth(from: line(1000), to: line(4000), limit: 9) {
            var places = $0
            play(&places, UInt64($0.count))
        }
        #expect(growth < 9, "\(name)")
    }

    /// Whatever is taken and left in whatever order, it is what a sorted list would be.
    @Test(arguments: 0..<10) func `places are in the order of their numbers`(seed: UInt64) throws {
        let harness = try LaneHarness()
        let caller = Caller()
        harness.add(caller)
        let waiter = Waiter(caller, on: harness.lane)
        var random = SplitMix(seed: seed)
        var places = WaitingPlaces<Waiter>()
        var list: [UInt64] = []
        var absent: [UInt64] = []
        var next: UInt64 = 1
        for _ in 0..<3000 {
            switch random.next() % 6 {
            case 0, 1:
                places.insert(waiter, at: next)
                list.append(next)
                next += 1
            case 2 where !absent.isEmpty:
                let number = absent.remove(at: Int(random.next() % UInt64(absent.count)))
                places.insert(waiter, at: number)
                list.insert(number, at: list.firstIndex { $0 > number } ?? list.count)
            case 3:
                let number = random.next() % (next + 1)
                #expect(places.remove(at: number) == list.contains(number))
                if let index = list.firstIndex(of: number) { absent.append(list.remove(at: index)) }
            default:
                let number = random.next() % 3 == 0 ? random.next() % (next + 1) : 0
                let index = list.firstIndex { $0 > number }
                let called = places.takeFirst(behind: number)
                #expect(called?.number == index.map { list[$0] })
                if let index { absent.append(list.remove(at: index)) }
            }
            #expect(places.count == list.count)
        }
        #expect(places.numbers == list)
    }
}
