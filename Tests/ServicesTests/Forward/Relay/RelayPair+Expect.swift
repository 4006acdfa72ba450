// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

extension RelayPair {
    /// Expects that a peer gets exactly these bytes, and an orderly end behind them.
    func expect(
        _ wanted: [UInt8], at peer: TestPeer, _ comment: @autoclosure () -> String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        harness.run(until: { peer.isOver }, idleTurns: 300)
        #expect(peer.received.count == wanted.count, "\(comment())", sourceLocation: sourceLocation)
        #expect(peer.received == wanted, "\(comment())", sourceLocation: sourceLocation)
        #expect(peer.hasEnded && peer.failure == 0, "\(comment())", sourceLocation: sourceLocation)
    }
}
