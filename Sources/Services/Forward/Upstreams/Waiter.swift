// SPDX-License-Identifier: Apache-2.0

import Reactor

/// A connection that waits for something which another thread brings about.
///
/// Concurrency: may be used from every thread. The connection is woken on its own lane, if it is still there.
struct Waiter: Sendable {
    private let lane: LaneHandle
    private let token: UInt64

    /// A connection of this lane, on the lane's thread.
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

/// What a ``Waiter`` stands for.
protocol Waiting {
    /// What was waited for may have come.
    func resume()
}
