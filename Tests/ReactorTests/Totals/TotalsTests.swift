// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Records
import TestSupport
import Testing

@testable import Reactor

struct TotalsTests {
    @Test func `connections are counted when accepted, refused and ended, with their bytes`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init) { $0.maxConnections = 2 }[0]
        let state = try #require(harness.lane.listeners[1]?.current.state)
        let peers = try (0..<2).map { _ in try harness.connect(to: socket) }
        for peer in peers { peer.write("hello") }
        #expect(harness.run(until: { peers.allSatisfy { $0.text == "hello" } }))
        let refused = try harness.connect(to: socket)
        #expect(harness.run(until: { refused.isOver }))
        var totals = state.totals.sum
        #expect((state.accepted, totals.ended, totals.bytesIn) == (2, 0, 0))
        #expect((totals.refused, totals.refused(.listenerLimit), totals.refused(.loop)) == (1, 1, 0))
        for peer in peers { peer.finishWriting() }
        #expect(harness.run(until: { harness.connections == 0 }))
        totals = state.totals.sum
        #expect((state.accepted, totals.ended, totals.failed) == (2, 2, 0))
        #expect((totals.bytesIn, totals.bytesOut) == (10, 10))
        #expect(totals.durations.count == 2 && totals.connectTimes.count == 0)
        #expect(state.connections.peak == 2)
    }

    @Test func `a flow is counted with its datagrams`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init)[0]
        let state = try #require(harness.lane.listeners[1]?.current.state)
        let peer = try DatagramPeer()
        try peer.send("abc", to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        harness.lane.stop(1, because: .drained, by: .operator)
        #expect(harness.run(until: { harness.connections == 0 }))
        let totals = state.totals.sum
        #expect((state.accepted, totals.ended, totals.bytesIn) == (1, 1, 3))
        #expect(totals.datagrams.received == 1)
    }

    @Test func `a flow that is refused is counted by reason, and its datagrams as dropped`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.udp], service: EchoingService.init) { $0.maxConnections = 1 }[0]
        let state = try #require(harness.lane.listeners[1]?.current.state)
        let (served, refused) = (try DatagramPeer(), try DatagramPeer())
        try served.send("a", to: socket)
        #expect(harness.run(until: { harness.connections == 1 }))
        try refused.send("b", to: socket)
        #expect(harness.run(until: { state.totals.sum.refused == 1 }))
        #expect((state.totals.sum.refused(.listenerLimit), state.totals.sum.datagrams.dropped) == (1, 1))
        #expect((state.accepted, state.connections.peak) == (1, 1))
    }

    @Test func `a snapshot in slices gives every open session once, and a number finds its session`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: EchoingService.init)[0]
        let peers = try (0..<10).map { _ in try harness.connect(to: socket) }
        for peer in peers { peer.write("hello") }
        #expect(harness.run(until: { peers.allSatisfy { $0.text == "hello" } }))
        peers[3].close()
        #expect(harness.run(until: { harness.connections == 9 }))
        var numbers: [UInt64] = []
        var cursor: Int? = 0
        while let from = cursor {
            cursor = harness.lane.snapshot(from: from, limit: 3) { _, session in
                numbers.append(session.identity.number)
                #expect((session.traffic.bytesIn, session.traffic.bytesOut) == (5, 5))
            }
        }
        #expect(numbers.count == 9 && Set(numbers).count == 9)
        #expect(Set(numbers) == Set(harness.lane.openSessions.map(\.identity.number)))
        for number in numbers {
            var found = harness.lane.find(number: number, from: 0, limit: 3)
            while found.session == nil, let next = found.next {
                found = harness.lane.find(number: number, from: next, limit: 3)
            }
            #expect(found.session?.identity.number == number && found.next == nil)
        }
        let none = harness.lane.find(number: 0, from: 0, limit: .max)
        #expect(none.session == nil && none.next == nil)
        #expect(harness.lane.snapshot(from: -5, limit: 0) { _, _ in } == 1)
        #expect(harness.lane.snapshot(from: .max, limit: .max) { _, _ in } == nil)
    }

    @Test func `totals can be read from another thread while a lane counts`() throws {
        let totals = LaneTotals()
        let harness = try LaneHarness()
        let done = DispatchSemaphore(value: 0)
        DispatchQueue(label: "reader").async {
            var last: UInt64 = 0
            while last < 10_000 {
                let sum = totals.sum
                #expect(sum.failed == sum.ended && sum.ended >= last)
                last = sum.ended
            }
            done.signal()
        }
        for _ in 0..<10_000 {
            totals.count(on: harness.lane) { totals in
                totals.failed += 1
                totals.ended += 1
            }
        }
        done.wait()
    }
}
