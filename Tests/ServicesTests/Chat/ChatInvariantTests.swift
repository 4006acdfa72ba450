// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Random lines of a member, cut at every place.
@Suite struct ChatInvariantTests {
    private static let parts: [[UInt8]] = [
        [10], [13, 10], [13], Array("/nick ".utf8), Array("/who".utf8), Array("/quit".utf8), Array("/".utf8),
        Array("hello".utf8), [0x1b, 0x5b], [0xff], [0xe2, 0x80, 0xae], [0xc3], [0xbc], [0], [0x20],
    ]

    @Test(arguments: 0..<60) func `a room sends the same output wherever reads split the input`(seed: UInt64) {
        var numbers = SplitMix(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...20, using: &numbers) {
            bytes += Self.parts.randomElement(using: &numbers) ?? []
        }
        #expect(chatInvariantFailures(of: bytes) == [])
    }
}
