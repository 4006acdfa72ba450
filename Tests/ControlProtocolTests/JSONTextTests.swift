// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ControlProtocol

@Suite struct JSONTextTests {
    private struct Part: Codable, Hashable {
        enum Kind: String, Codable { case one, two }
        var text: String
        var kind: Kind
        var signed: Int
        var wide: UInt64
        var narrow: Int32?
        var flag: Bool
        var parts: [Part]
        var optional: String?
    }

    private static func text(_ value: some Encodable) -> String {
        var bytes: [UInt8] = []
        JSONText.append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `writes what it is given, without spaces, and leaves out what there is not`() {
        let part = Part(
            text: "a\"\\\n\u{7f}ä", kind: .two, signed: -5, wide: .max, narrow: nil, flag: true, parts: [],
            optional: nil)
        #expect(
            Self.text(part)
                == #"{"text":"a\"\\\u000a\u007fä","kind":"two","signed":-5,"wide":18446744073709551615,"flag":true,"parts":[]}"#
        )
        #expect(Self.text([Int.min, .max]) == "[-9223372036854775808,9223372036854775807]")
        #expect(Self.text([String?.none, "x"]) == #"[null,"x"]"#)
        #expect(Self.text(ControlParameters.None()) == "{}")
    }

    @Test func `appends to what is there`() {
        var bytes = Array("x".utf8)
        JSONText.append(["a": 1], to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == #"x{"a":1}"#)
    }

    @Test func `a decoder that others wrote reads random values back`() throws {
        var random = SystemRandomNumberGenerator()
        func text() -> String {
            String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...6, using: &random)).compactMap { _ in
                        Unicode.Scalar(UInt32.random(in: 0...0x2fff, using: &random))
                    }))
        }
        func part(_ depth: Int) -> Part {
            Part(
                text: text(), kind: Bool.random() ? .one : .two, signed: .random(in: .min ... .max),
                wide: .random(in: 0 ... .max),
                narrow: Bool.random() ? .random(in: .min ... .max) : nil, flag: .random(),
                parts: depth == 0 ? [] : (0..<Int.random(in: 0...3)).map { _ in part(depth - 1) },
                optional: Bool.random() ? text() : nil)
        }
        for _ in 0..<300 {
            let value = part(3)
            #expect(try JSONDecoder().decode(Part.self, from: Data(Self.text(value).utf8)) == value)
        }
    }
}
