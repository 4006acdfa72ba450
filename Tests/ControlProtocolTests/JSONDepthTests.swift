// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlProtocol

@Suite struct JSONDepthTests {
    @Test(arguments: [
        ("", 0), ("1", 0), ("{}", 1), ("[{}]", 2), (#"{"a":[1,{"b":[]}]}"#, 4), (#""[[[[""#, 0), (#"["\"[[",{}]"#, 2),
        (#"["\\",[[]]]"#, 3), ("][[", 1), ("[[[", 3),
    ])
    func `brackets in strings do not count`(text: String, depth: Int) {
        #expect(JSONDepth.of(text.utf8) == depth)
    }

    @Test func `a hundred thousand brackets are no problem`() {
        #expect(JSONDepth.of(String(repeating: "[", count: 100_000).utf8) == 100_000)
    }
}
