// SPDX-License-Identifier: Apache-2.0

import TOML
import Testing

/// Whatever is done to a document, it is read without a trap and within the invariants.
@Suite struct RobustnessTests {
    /// Something of everything.
    private static let document = Array(
        #"""
        # ü
        title = "T\u00e9\"st" # 😀
        'quo\te'."b\tc" = 'lit\eral'
        text = """
        one \
           two ""three"""""
        raw = '''
        a''b'''
        numbers = [ 1_000, -0, 0xBEEF, 0o17, # last
          +1.5e-3, inf, -nan, ]
        dates = [1979-05-27 07:32:00.9-07:00, 07:32:00]
        yes = true

        [listener.echo]
        listen = ["tcp", { a.b = 1, c = [[], {}] }]
        a.b.c = 1
        a.b.d = 2
        [[list]]
        [list.sub]
        [[list]]
        [ a . "b" . 'c' ]
        """#.utf8)

    @Test func `the document has no mistake`() {
        #expect(TOMLDocument.parse(Self.document).problems == [])
    }

    @Test func `every beginning of a document can be read`() {
        for end in Self.document.indices {
            #expect(invariantFailures(of: Array(Self.document[..<end])) == [], "the first \(end) bytes")
        }
    }

    @Test func `every end of a document can be read`() {
        for start in Self.document.indices {
            #expect(invariantFailures(of: Array(Self.document[start...])) == [], "from byte \(start)")
        }
    }

    @Test(arguments: [0, 3, 5, 7])
    func `a bit of every byte may be wrong`(bit: Int) {
        for offset in Self.document.indices {
            var bytes = Self.document
            bytes[offset] ^= 1 << bit
            #expect(invariantFailures(of: bytes) == [], "byte \(offset)")
        }
    }

    /// The bytes that mean most, in the place of every byte.
    @Test(arguments: ["\"", "'", "[", "]", "{", "}", "\n", "\r", "\\", "#", "="])
    func `every byte of a document may be another`(_ character: Character) {
        for offset in Self.document.indices {
            var bytes = Self.document
            bytes[offset] = character.asciiValue ?? 0
            #expect(invariantFailures(of: bytes) == [], "byte \(offset)")
        }
    }

    @Test func `every line of a document may be missing or twice`() {
        let lines = Self.document.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for line in lines.indices {
            let before = lines[..<line].joined(separator: [0x0A])
            let after = lines[(line + 1)...].joined(separator: [0x0A])
            #expect(invariantFailures(of: before + [0x0A] + after) == [], "without line \(line + 1)")
            let twice = before + [0x0A] + lines[line] + [0x0A] + lines[line] + [0x0A] + after
            #expect(invariantFailures(of: Array(twice)) == [], "line \(line + 1) twice")
        }
    }
}
