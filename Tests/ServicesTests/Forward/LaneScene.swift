// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// What a test sets up around a lane.
protocol LaneScene {
    var harness: LaneHarness { get }
}

extension LaneScene {
    /// What has come to a peer, once so many datagrams have.
    func arrivals(at peer: DatagramPeer, _ count: Int) -> [String] {
        var arrived: [String] = []
        harness.run(until: {
            arrived += peer.texts()
            return arrived.count >= count
        })
        return arrived
    }

    /// The records of an event so far.
    func records(_ event: String) throws -> [CapturedRecord] {
        try harness.capturedRecords().filter { $0.event == event }
    }
}
