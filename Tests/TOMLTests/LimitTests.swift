// SPDX-License-Identifier: Apache-2.0

import Foundation
import TOML
import Testing

@Suite struct LimitTests {
    // MARK: Size

    @Test func `a document as long as the limit is read, a longer one is not`() {
        let text = "a = 1\n"
        let limits = TOMLLimits(size: text.utf8.count)
        #expect(problems(in: text, limits: limits) == [])
        #expect(problems(in: text + "\n", limits: limits) == ["1:1: the document has 7 bytes, more than 6"])
        #expect(TOMLLimits.default.size == 1_048_576)
    }

    @Test func `a document that is too long is not parsed`() {
        // Every byte of it would be a problem of its own.
        let document = TOMLDocument.parse([UInt8](repeating: 0xFF, count: 100_000_000))
        #expect(document.problems.map(\.message) == ["the document has 100000000 bytes, more than 1048576"])
        #expect(document.root.entries.isEmpty)
    }

    // MARK: Problems

    @Test func `reading stops after so many problems and says so`() {
        let text = String(repeating: "oops\n", count: 300)
        let found = problems(in: text)
        #expect(found.count == 101)
        #expect(found[99].hasPrefix("100:5: "))
        #expect(found[100] == "101:5: there are more mistakes; reading stopped here")
        #expect(problems(in: String(repeating: "oops\n", count: 100)).count == 100)
        #expect(problems(in: text, limits: TOMLLimits(problems: 1)).count == 2)
        #expect(problems(in: text, limits: TOMLLimits(problems: -1)).count == 2)
    }

    // MARK: Depth

    /// `count` levels of arrays, inline tables and keys.
    private static let shapes: [(name: String, text: @Sendable (Int) -> String)] = [
        ("arrays", { "a = " + String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }),
        ("inline tables", { "a = " + String(repeating: "{a=", count: $0) + "1" + String(repeating: "}", count: $0) }),
        (
            "arrays and inline tables",
            { "a = " + String(repeating: "[{a=", count: $0 / 2) + "1" + String(repeating: "}]", count: $0 / 2) }
        ),
        ("dotted keys", { String(repeating: "a.", count: $0) + "a = 1" }),
        ("headers", { "[" + String(repeating: "a.", count: $0 - 1) + "a]" }),
        ("headers of arrays", { "[[" + String(repeating: "a.", count: $0 - 1) + "a]]" }),
        (
            "headers and dotted keys",
            {
                let header = min($0 / 2, 32)
                return "[" + String(repeating: "a.", count: header - 1) + "a]\n"
                    + String(repeating: "a.", count: $0 - header) + "a = 1"
            }
        ),
        (
            "dotted keys and arrays",
            {
                String(repeating: "a.", count: $0 / 2) + "a = " + String(repeating: "[", count: $0 / 2)
                    + String(repeating: "]", count: $0 / 2)
            }
        ),
        (
            "dotted keys in inline tables",
            { "a = " + String(repeating: "{a.a=", count: $0 / 2) + "1" + String(repeating: "}", count: $0 / 2) }
        ),
    ]

    @Test(arguments: shapes.indices)
    func `nesting as deep as the limit is read, one level more is one problem`(shape: Int) {
        let text = Self.shapes[shape].text
        #expect(problems(in: text(64) + "\n[last]\n") == [])
        #expect(problems(in: text(66) + "\n[last]\n").count == 1)
        #expect(problems(in: text(6) + "\n", limits: TOMLLimits(depth: 4)).count == 1)
        #expect(problems(in: text(4) + "\n", limits: TOMLLimits(depth: 4)) == [])
    }

    @Test(arguments: shapes.indices, [10_000, 100_000])
    func `nesting without end is one problem`(shape: Int, depth: Int) {
        let text = Self.shapes[shape].text(depth) + "\n[last]\nb = 1\n"
        let document = TOMLDocument.parse(Array(text.utf8), limits: TOMLLimits(size: .max))
        #expect(document.problems.count == 1)
        #expect(document.root.value(at: "last", "b")?.integer == 1)
    }

    @Test(arguments: ["[", "{a=", "[{a=", "{a=[", "[\n", "{a.a={a=[\n"])
    func `brackets that are never closed are one problem`(bracket: String) {
        let text = "a = " + String(repeating: bracket, count: 10_000)
        #expect(problems(in: text).count == 1)
    }

    @Test func `no depth that is asked for overflows a small stack`() async {
        let limits = TOMLLimits(depth: .max)
        let deepest = await withCheckedContinuation { continuation in
            let thread = Thread {
                let counts = Self.shapes.map { shape in
                    TOMLDocument.parse(Array(shape.text(100_000).utf8), limits: limits).problems.count
                        + TOMLDocument.parse(Array(shape.text(TOMLLimits.maximumDepth).utf8), limits: limits).problems
                        .count
                }
                continuation.resume(returning: counts)
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        #expect(deepest == Self.shapes.map { _ in 1 })
    }
}
