// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Records

@Suite struct EscapingTests {
    struct Sample: CustomTestStringConvertible, Sendable {
        var bytes: [UInt8]
        var text: String
        var json: String
        var testDescription: String { text }

        init(_ bytes: [UInt8], _ text: String, _ json: String) {
            (self.bytes, self.text, self.json) = (bytes, text, json)
        }

        init(_ string: String, _ text: String, _ json: String) { self.init(Array(string.utf8), text, json) }
    }

    static let samples: [Sample] = [
        Sample("", "", ""),
        Sample("plain /path-1", "plain /path-1", "plain /path-1"),
        Sample("\"", "\"", "\\\""),
        Sample("\\", "\\x5c", "\\\\"),
        Sample("\\x41", "\\x5cx41", "\\\\x41"),
        Sample("a\nb\r\t", "a\\x0ab\\x0d\\x09", "a\\u000ab\\u000d\\u0009"),
        Sample("\u{0}", "\\x00", "\\u0000"),
        Sample("\u{1b}[31m", "\\x1b[31m", "\\u001b[31m"),
        Sample("\u{7f}", "\\x7f", "\\u007f"),
        // C1: 0x9b is the 8-bit form of ESC [.
        Sample("\u{9b}31m", "\\xc2\\x9b31m", "\\u009b31m"),
        Sample("\u{2028}\u{202e}", "\\xe2\\x80\\xa8\\xe2\\x80\\xae", "\\u2028\\u202e"),
        Sample("\u{feff}\u{200b}", "\\xef\\xbb\\xbf\\xe2\\x80\\x8b", "\\ufeff\\u200b"),
        // A tag character, beyond the first plane: a surrogate pair in JSON.
        Sample("\u{e0041}", "\\xf3\\xa0\\x81\\x81", "\\udb40\\udc41"),
        Sample("grün 日本 🙂", "grün 日本 🙂", "grün 日本 🙂"),
        // Not UTF-8: lone continuation, overlong, surrogate, beyond the last plane, cut off.
        Sample([0x80], "\\x80", "\\\\x80"),
        Sample([0xc0, 0xaf], "\\xc0\\xaf", "\\\\xc0\\\\xaf"),
        Sample([0xe0, 0x80, 0xaf], "\\xe0\\x80\\xaf", "\\\\xe0\\\\x80\\\\xaf"),
        Sample([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"),
        Sample([0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"),
        Sample([0xe2, 0x82], "\\xe2\\x82", "\\\\xe2\\\\x82"),
        Sample([0xe2, 0x82, 0x41], "\\xe2\\x82A", "\\\\xe2\\\\x82A"),
        Sample([0x41, 0xff, 0x42], "A\\xffB", "A\\\\xffB"),
    ]

    @Test(arguments: samples)
    func bytesBecomeHarmless(sample: Sample) {
        #expect(String(decoding: Escaping.text.apply(to: sample.bytes), as: UTF8.self) == sample.text)
        #expect(String(decoding: Escaping.json.apply(to: sample.bytes), as: UTF8.self) == sample.json)
    }

    @Test func aTokenHasNoBlanks() {
        #expect(Escaping.token.apply(to: Array("a b  c".utf8)) == Array("a\\x20b\\x20\\x20c".utf8))
    }

    @Test func whatIsUTF8AndWhatIsNotAgreesWithTheStandardLibrary() {
        // All sequences of two bytes, and all three-byte ones whose first is at an edge.
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                Self.check([first, second, 0x41])
                guard [0xe0, 0xed, 0xef, 0xf0, 0xf4].contains(first) else { continue }
                for third: UInt8 in [0x00, 0x7f, 0x80, 0xbf, 0xc0] {
                    Self.check([first, second, third])
                    Self.check([first, second, third, 0x80])
                }
            }
        }
    }

    private static func check(_ bytes: [UInt8]) {
        var index = 0
        var isValid = true
        while index < bytes.count {
            let character = UTF8Character(at: index, of: bytes)
            isValid = isValid && character.scalar != nil
            index += character.length
        }
        // No #expect here: it would be met 70 000 times.
        if isValid != (String(validating: bytes, as: UTF8.self) != nil) { Issue.record("\(bytes)") }
    }
}
