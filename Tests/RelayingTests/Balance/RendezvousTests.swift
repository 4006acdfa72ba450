// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Relaying

@Suite struct RendezvousTests {
    @Test(arguments: [0x1p-53, 0x1p-52, 1e-9, 0.1, 0.25, 0.5, 0.707, 0.7072, 0.75, 0.999_999, 1, 1.5, 2, 1e9])
    func `has the logarithm`(number: Double) {
        let error = abs(Rendezvous.logarithm(number) - log(number))
        #expect(error <= 1e-12 * max(1, abs(log(number))))
    }

    @Test func `has the logarithm everywhere between`() {
        var worst = 0.0
        for step in 0..<100_000 as Range<UInt64> {
            let number = Double(StableHash.mix(step) >> 11) * 0x1p-53 + 0x1p-53
            worst = max(worst, abs(Rendezvous.logarithm(number) / log(number) - 1))
        }
        #expect(worst < 1e-12)
    }

    /// All bits of a result are fixed: other bits would mean that two hosts may disagree.
    @Test func `has the same logarithm to the last bit everywhere`() {
        #expect(Rendezvous.logarithm(1) == 0)
        #expect(Rendezvous.logarithm(0.5) == -0.693_147_180_559_945_3)
        #expect(Rendezvous.logarithm(0.3).bitPattern == 0xbff3_4378_fcbd_a720)
        #expect(Rendezvous.logarithm(0x1.8p-40).bitPattern == 0xc03b_5207_2f05_ca09)
    }

    @Test func `draws a score that more weight makes better`() {
        for source in 0..<1000 as Range<UInt64> {
            let scores = [1, 2, 100, 256].map { Rendezvous.score(source: source, member: 77, weight: $0) }
            #expect(scores.allSatisfy { $0 >= 0 && $0.isFinite })
            #expect(scores == scores.sorted(by: >))
        }
    }
}
