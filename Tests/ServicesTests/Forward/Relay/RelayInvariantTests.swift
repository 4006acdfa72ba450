// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Relays whose sides do random things in random order.
@Suite(.serialized) struct RelayInvariantTests {
    @Test(arguments: 0..<40) func `random actions of both sides lose no byte`(seed: UInt64) {
        var numbers = SplitMix(seed: seed)
        let script = (0..<Int.random(in: 1...30, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers)
        }
        #expect(relayInvariantFailures(of: script) == [], "\(script)")
    }
}
