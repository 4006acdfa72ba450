// SPDX-License-Identifier: Apache-2.0

import Testing

/// Records of random names and numbers, in every encoding.
@Suite struct RecordInvariantTests {
    @Test(arguments: 0..<100) func `a record of any names and numbers is encoded`(seed: UInt64) {
        var numbers = SplitMix(seed: seed)
        let bytes = (0..<Int.random(in: 0...600, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers)
        }
        #expect(recordInvariantFailures(of: bytes) == [])
    }
}
