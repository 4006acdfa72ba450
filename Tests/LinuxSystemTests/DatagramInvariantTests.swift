// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Datagrams of random lengths, joined and apart, that are sent on and answered.
@Suite struct DatagramInvariantTests {
    @Test(arguments: 0..<30) func `each datagram arrives once, whole and in order`(seed: UInt64) throws {
        var numbers = SplitMix(seed: seed)
        // None so long that a socket has no room for the others of its group.
        let bytes = (0..<40).flatMap { _ in
            [UInt8.random(in: 0...255, using: &numbers), UInt8.random(in: 0...127, using: &numbers)]
        }
        #expect(try datagramInvariantFailures(of: bytes, DatagramChain()) == [])
    }
}
