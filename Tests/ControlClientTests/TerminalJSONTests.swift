// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import ControlClient

struct TerminalJSONTests {
    @Test(arguments: [
        ("{\"a\":\"b\"}", "{\"a\":\"b\"}"),
        ("\"café 北京\"", "\"café 北京\""),
        ("\"a\u{202e}b\"", "\"a\\u202eb\""),
        ("\"\u{9b}1m\"", "\"\\u009b1m\""),
        ("\"\u{e0001}\"", "\"\\udb40\\udc01\""),
    ]) func `characters that control a terminal are escaped, others are not`(json: String, expected: String) {
        #expect(TerminalJSON.safe(Array(json.utf8)) == expected)
    }

    @Test func `the value stays the same, whatever it is`() throws {
        var numbers = SplitMix(seed: 7)
        for _ in 0..<200 {
            let scalars = (0..<20).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x10ffff, using: &numbers)) }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            let safe = TerminalJSON.safe(Array(try JSONEncoder().encode([text])))
            #expect(try JSONDecoder().decode([String].self, from: Data(safe.utf8)) == [text])
        }
    }
}
