// SPDX-License-Identifier: Apache-2.0

import Foundation
import TOML
import TestSupport
import Testing

/// The effort grows with the length of a document and not faster, whatever is in it.
@Suite struct LinearTimeTests {
    private static let shapes: [(name: String, text: @Sendable (Int) -> String)] = [
        ("keys", { (0..<$0).map { "key-\($0) = \($0)\n" }.joined() }),
        ("dotted keys", { (0..<$0).map { "a.b.key-\($0) = \($0)\n" }.joined() }),
        ("tables", { (0..<$0).map { "[table.number-\($0)]\na = 1\n" }.joined() }),
        ("arrays of tables", { String(repeating: "[[table]]\na = 1\n", count: $0) }),
        ("tables below an array of tables", { "[[a]]\n" + (0..<$0).map { "[a.b-\($0)]\n" }.joined() }),
        ("an array", { "a = [" + String(repeating: "1,\n", count: $0) + "]" }),
        ("an array of inline tables", { "a = [" + String(repeating: "{ a = 1 },\n", count: $0) + "]" }),
        ("an inline table", { "a = {" + (0..<$0).map { "key-\($0) = 1," }.joined() + "z = 1}" }),
        ("a long string", { "a = \"" + String(repeating: "text\\n ", count: $0) + "\"" }),
        ("a string of many lines", { "a = '''" + String(repeating: "''text\n", count: $0) + "'''" }),
        ("a string of joined lines", { "a = \"\"\"" + String(repeating: "text\\\n", count: $0) + "\"\"\"" }),
        ("a long number", { "a = " + String(repeating: "1_234", count: $0) + ".0e-9" }),
        ("a long key", { String(repeating: "key", count: $0) + " = 1" }),
        ("comments", { String(repeating: "# comment\n", count: $0) }),
        ("blanks", { String(repeating: " \t  ", count: $0) }),
        ("an array without end", { "a = [\n" + String(repeating: "\"b\",\n", count: $0) }),
        ("a string without end", { "a = \"\"\"\n" + String(repeating: "\"b\",\n", count: $0) }),
        ("keys without values", { String(repeating: "key =\n", count: $0) }),
        ("keys without end", { String(repeating: "\"key\n'key\n", count: $0) }),
        ("multi-line keys", { String(repeating: "'''\\\n\"\"\"\n", count: $0) }),
        ("a second definition", { String(repeating: "key = 1\n", count: $0) }),
        ("brackets", { "a = " + String(repeating: "[", count: $0) }),
        ("lines of brackets", { String(repeating: "[\n", count: $0) }),
        ("an array of brackets", { "a = [\n" + String(repeating: "[\n", count: $0) }),
    ]

    @Test(arguments: shapes.indices)
    func `parsing takes linear time`(shape: Int) {
        let (name, text) = Self.shapes[shape]
        let short = Array(text(1_000).utf8)
        let long = Array(text(4_000).utf8)
        // A quadratic effort would be 16 times as much.
        #expect(Self.growth(from: short, to: long) < 9, "\(name)")
    }

    @Test func `bytes that are not UTF-8 do not make reading slow`() {
        let line = [0xFF, 0x20, 0xFE, 0x0A] as [UInt8]
        let short = Array(repeatElement(line, count: 1_000).joined())
        let long = Array(repeatElement(line, count: 4_000).joined())
        #expect(Self.growth(from: short, to: long) < 9)
    }

    @Test func `a hundred thousand keys are read and found`() {
        let text = (0..<100_000).map { "key-\($0) = \($0)\n" }.joined()
        let document = TOMLDocument.parse(Array(text.utf8), limits: TOMLLimits(size: .max))
        #expect(document.problems == [])
        #expect(document.root.entries.count == 100_000)
        #expect((0..<100_000).allSatisfy { document.root["key-\($0)"]?.value.integer == Int64($0) })
    }

    private static func growth(from short: [UInt8], to long: [UInt8]) -> Double {
        TestSupport.growth(from: short, to: long, limit: 9) {
            _ = TOMLDocument.parse($0, limits: TOMLLimits(size: .max))
        }
    }
}
