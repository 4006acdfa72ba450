// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct ListenerDrainTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start: UInt64 = 5_000_000_000

    /// The actions at each time that the drain itself names, with a number of connections that falls as it says.
    private func actions(timeout: UInt64?, spread: UInt64, connections: Int) -> [(time: UInt64, closed: Int)] {
        var drain = ListenerDrain(timeout: timeout, spread: spread, at: Self.start)
        var left = connections
        var actions: [(time: UInt64, closed: Int)] = []
        while let next = drain.nextTime, actions.count < 100 {
            #expect(drain.act(at: next - 1, connections: left, mayGrow: false) == .wait)
            guard case .close(let count) = drain.act(at: next, connections: left, mayGrow: false) else { break }
            let closed = min(count, left)
            left -= closed
            actions.append((next - Self.start, closed))
            if left == 0 { break }
        }
        #expect(drain.act(at: .max, connections: 0, mayGrow: false) == .finish)
        return actions
    }

    @Test func `without a timeout nothing is closed`() {
        var drain = ListenerDrain(timeout: nil, spread: 0, at: Self.start)
        #expect(drain.nextTime == nil)
        #expect(drain.act(at: .max, connections: 1, mayGrow: false) == .wait)
        #expect(drain.act(at: .max, connections: 0, mayGrow: false) == .finish)
    }

    @Test func `it finishes only when no lane may accept any more`() {
        var drain = ListenerDrain(timeout: 0, spread: 0, at: Self.start)
        #expect(drain.act(at: Self.start, connections: 0, mayGrow: true) == .close(.max))
        #expect(drain.act(at: Self.start, connections: 0, mayGrow: true) == .wait)
        #expect(drain.act(at: Self.start, connections: 0, mayGrow: false) == .finish)
        #expect(drain.act(at: Self.start, connections: -1, mayGrow: false) == .finish)
    }

    @Test(
        arguments: [
            (30, 0, 7, [(30, 7)]), (0, 0, 1, [(0, 1)]), (1, 3, 7, [(1, 3), (2, 2), (3, 2)]),
            (0, 4, 2, [(0, 1), (1, 1)]), (0, 1, 9, [(0, 9)]),
        ] as [(UInt64, UInt64, Int, [(UInt64, Int)])])
    func `after the timeout connections are closed in even steps`(
        timeout: UInt64, spread: UInt64, connections: Int, steps: [(UInt64, Int)]
    ) {
        let actions = actions(
            timeout: timeout * Self.second, spread: spread * Self.second, connections: connections)
        #expect(actions.map(\.time) == steps.map { $0.0 * Self.second })
        #expect(actions.map(\.closed) == steps.map(\.1))
    }

    @Test func `those that are left after the last step are closed a second later`() {
        var drain = ListenerDrain(timeout: 0, spread: 0, at: Self.start)
        for step in 0..<5 as Range<UInt64> {
            #expect(drain.nextTime == Self.start + step * Self.second)
            #expect(drain.act(at: Self.start + step * Self.second, connections: 2, mayGrow: false) == .close(.max))
        }
    }

    @Test(arguments: [UInt64.max, UInt64.max - 1, 1 << 63] as [UInt64])
    func `times that are too long are never reached, and do not overflow`(time: UInt64) {
        var drain = ListenerDrain(timeout: time, spread: time, at: Self.start)
        #expect(drain.act(at: 1 << 62, connections: 1, mayGrow: false) == .wait)
        guard case .close(let count) = drain.act(at: .max, connections: .max, mayGrow: false) else {
            Issue.record("closes nothing")
            return
        }
        #expect(count > 0)
    }

    @Test func `a second drain changes the timeout if it has one`() {
        var drain = ListenerDrain(timeout: nil, spread: 0, at: Self.start)
        drain.join(timeout: 4, spread: 0, at: Self.start)
        #expect(drain.nextTime == Self.start + 4)
        drain.join(timeout: nil, spread: 0, at: Self.start)
        #expect(drain.nextTime == Self.start + 4)
        drain.join(timeout: 1, spread: 0, at: Self.start)
        #expect(drain.nextTime == Self.start + 1)
    }
}
