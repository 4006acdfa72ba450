// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Supervisor

@Suite struct ShutdownStateTests {
    /// What can happen.
    enum Input {
        case stop(at: UInt64, timeout: UInt64)
        case drained
        case timedOut
    }

    @Test(arguments: [
        (
            ShutdownState.serving, Input.stop(at: 5, timeout: 10), ShutdownState.draining(until: 15),
            ShutdownState.Action.drain(until: 15)
        ),
        (.serving, .stop(at: 5, timeout: 0), .draining(until: 5), .drain(until: 5)),
        // A time that no clock reaches is not one that has passed.
        (.serving, .stop(at: 5, timeout: .max), .draining(until: .max), .drain(until: .max)),
        (.serving, .stop(at: 5, timeout: .max - 4), .draining(until: .max), .drain(until: .max)),
        (.serving, .drained, .serving, .none),
        (.serving, .timedOut, .serving, .none),
        (.draining(until: 15), .stop(at: 6, timeout: 10), .stopping, .stop),
        (.draining(until: 15), .drained, .stopping, .stop),
        (.draining(until: 15), .timedOut, .stopping, .stop),
        (.stopping, .stop(at: 7, timeout: 10), .stopping, .none),
        (.stopping, .drained, .stopping, .none),
        (.stopping, .timedOut, .stopping, .none),
    ])
    func `each event leads to its next state`(
        from: ShutdownState, input: Input, to: ShutdownState, action: ShutdownState.Action
    ) {
        var shutdown = from
        let taken =
            switch input {
            case .stop(let now, let timeout): shutdown.stopRequested(at: now, timeout: timeout)
            case .drained: shutdown.drained()
            case .timedOut: shutdown.timedOut()
            }
        #expect(shutdown == to)
        #expect(taken == action)
    }
}
