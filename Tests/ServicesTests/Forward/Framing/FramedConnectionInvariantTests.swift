// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Random streams that are relayed to datagrams, with turns of the lane anywhere in them.
@Suite(.serialized) struct FramedSessionInvariantTests {
    private static let parts: [[UInt8]] = [
        [10], [13, 10], [13], [0], [0, 3], [0x61], [0x61, 0x61], [0xfe, 200], [0xff, 7], [0xff, 9], [0xf0], [0xf0],
        [0xf1, 5], [0xf2], [0xf3],
    ]

    @Test(arguments: 0..<30) func `random streams and datagrams are relayed unchanged`(seed: UInt64) {
        var numbers = SplitMix(seed: seed)
        var script = [UInt8(truncatingIfNeeded: numbers.next())]
        for _ in 0..<Int.random(in: 0...12, using: &numbers) {
            script += Self.parts.randomElement(using: &numbers) ?? []
        }
        #expect(framedConnectionInvariantFailures(of: script) == [], "\(script)")
    }
}
