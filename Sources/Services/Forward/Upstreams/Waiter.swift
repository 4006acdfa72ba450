// SPDX-License-Identifier: Apache-2.0

import Reactor

/// A connection that waits for an event from another thread.
///
/// Concurrency: may be used from every thread. The connection is woken on its own lane, if it still exists.
struct Waiter: Sendable {
    private let lane: LaneHandle
    private let token: UInt64

    /// Refers to a connection of this lane. Call it on the lane's thread.
    init(_ pollable: Pollable, on lane: Lane) {
        self.lane = lane.handle
        token = lane.token(of: pollable)
    }

    /// Wakes the connection.
    func wake() {
        lane.perform { [token] lane in
            (lane.pollable(token) as? any Waiting)?.resume()
        }
    }
}

/// A connection that a ``Waiter`` can wake.
protocol Waiting {
    /// Continues: the event may have happened.
    func resume()
}
