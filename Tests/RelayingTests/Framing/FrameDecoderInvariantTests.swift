// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Random streams, each cut at every place that matters, against a model that looks at the whole stream.
@Suite struct FrameDecoderInvariantTests {
    /// Parts of which streams are made: ends of lines, lengths, and messages around the greatest length.
    private static let parts: [[UInt8]] = [
        [10], [13, 10], [13], [0], [0, 0], [0, 1], [0, 3], [1, 0], [0x61], [0x61, 0x61], [0xfe, 1], [0xfe, 64],
        [0xff, 6], [0xff, 7], [0xff, 8], [0xff, 9], [0xfd, 0xfd], [250, 250],
    ]

    @Test(arguments: 0..<60)
    func `any split of a stream gives the same messages`(seed: UInt64) {
        var numbers = SplitMix(seed: seed)
        var script = [UInt8(truncatingIfNeeded: numbers.next())]
        for _ in 0..<Int.random(in: 0...12, using: &numbers) {
            script += Self.parts.randomElement(using: &numbers) ?? []
        }
        #expect(frameDecoderInvariantFailures(of: script) == [], "\(script)")
    }

    @Test(
        arguments: [
            // Two messages wait, then comes one that is too long.
            [0, 0x61, 0x61, 10, 0xfe, 250, 0xff, 0, 0xff, 0],
            // The CR behind the longest line was no part of a terminator.
            [0, 0xff, 7, 13], [0, 0xff, 7, 13, 10], [0, 0xff, 7, 13, 13, 10], [0, 0xff, 8], [0, 0xff, 8, 10],
            [1, 0xfd, 0xfd, 0xff, 0], [1, 0, 1, 0x61, 0, 5, 1],
        ] as [[UInt8]]) func `streams of the fuzz cases give the same messages`(_ script: [UInt8])
    {
        #expect(frameDecoderInvariantFailures(of: script) == [])
    }
}
