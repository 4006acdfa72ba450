// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Synchronization
import Testing

@testable import ControlClient

@Suite struct ClosePaceTests {
    @Test(
        arguments: [
            (0, 10, [], []), (1, 10, [0], [1]), (3, 9, [0, 3, 6], [1, 1, 1]), (5, 2, [0, 1], [3, 2]), (4, 0, [0], [4]),
        ] as [(Int, Int, [Int], [Int])])
    func `connections are spread over the time, at most one step a second`(
        count: Int, seconds: Int, delays: [Int], sizes: [Int]
    ) {
        let steps = ClosePace(count: count, over: .seconds(seconds)).steps
        #expect(steps.map(\.delay) == delays.map { .seconds($0) })
        #expect(steps.map(\.range.count) == sizes)
    }

    @Test(arguments: [1, 2, 59, 600, 601, 10_007]) func `each connection is in one step`(count: Int) {
        let steps = ClosePace(count: count, over: .seconds(600)).steps
        #expect(steps.flatMap { Array($0.range) } == Array(0..<count))
        #expect(steps.allSatisfy { !$0.range.isEmpty })
    }

    @Test func `each step closes its numbers if they still match`() throws {
        let calls = Mutex<[ConnectionFilter]>([])
        let daemon = try FakeDaemon { call in
            let parameters: ControlParameters.Close? = try? call.parameters()
            calls.withLock { $0.append(parameters?.filter ?? ConnectionFilter()) }
            return .reply(ControlResults.Count(count: 1))
        }
        var filter = ConnectionFilter()
        filter.listener = "echo"
        let pace = ClosePace(count: 3, over: .seconds(1))
        #expect(try pace.close([4, 5, 9], matching: filter, over: daemon.connect()) == 1)
        filter.numbers = [4, 5, 9]
        #expect(calls.withLock(\.self) == [filter])
    }

    @Test func `a failure says how many were closed before`() throws {
        let calls = Mutex(0)
        let daemon = try FakeDaemon { _ in
            let number = calls.withLock { count in
                count += 1
                return count
            }
            return number < 3 ? .reply(ControlResults.Count(count: 900)) : .error(.stopping)
        }
        let failure = #expect(throws: ControlFailure.self) {
            try ClosePace(count: 3, over: .seconds(3)).close(
                [1, 2, 3], matching: ConnectionFilter(), over: daemon.connect())
        }
        #expect(failure?.message == "closed 1800 of 3 connections, then: usherd is stopping and refuses this")
        #expect(failure?.reason == .refused)
    }
}
