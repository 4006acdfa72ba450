// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

@Suite struct SanitizedTextTests {
    private func sanitized(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.append(sanitized: Array(text.utf8).span)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        "", "hello", "a b\tc", "~!@#$%^&*()", "grüße €1 日本語 😀", "\u{a0}",
        "\u{200d}\u{ff}\u{2027}\u{202f}\u{2065}\u{206a}",
        "e\u{301}", "ÂÃâ", "\u{10ffff}", "א", "❤️‍🔥",
    ])
    func `harmless text is unchanged`(text: String) {
        #expect(Array(sanitized(text).utf8) == Array(text.utf8))
    }

    @Test(arguments: [
        ("\u{1b}[2J", "␛[2J"), ("\u{1b}]0;title\u{7}", "␛]0;title␇"), ("a\0b", "a␀b"), ("a\rb", "a␍b"),
        ("\u{8}\u{8}x", "␈␈x"), ("\u{7f}", "␡"), ("\u{80}\u{9b}2J\u{9f}", "��2J�"), ("a\u{85}b", "a�b"),
        ("\u{2028}\u{2029}", "��"), ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", "�����"),
        ("\u{2066}\u{2067}\u{2068}\u{2069}", "����"), ("é\u{1b}é", "é␛é"), ("\u{1f}\u{1}", "␟␁"), ("\u{b}\u{c}", "␋␌"),
    ])
    func `control characters are escaped`(text: String, shown: String) {
        #expect(sanitized(text) == shown)
    }

    @Test func `all characters of the forbidden kinds are escaped, and no others`() {
        var wrong: [UInt32] = []
        for value in UInt32(0)...0x10ffff {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let result = Array(sanitized(String(scalar)).unicodeScalars)
            let isHarm =
                value < 0x20 && value != 9 || (0x7f...0x9f).contains(value) || (0x2028...0x202e).contains(value)
                || (0x2066...0x2069).contains(value)
            if (result == [scalar]) == isHarm || result.count != 1 { wrong.append(value) }
        }
        #expect(wrong == [])
    }
}
