// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SocketClient

/// What comes in, above what is being typed: looked at through a terminal of the test's own.
@Suite struct ScreenTests {
    /// So much of a terminal as the screen and its editor use.
    struct Terminal {
        let columns: Int
        var rows: [[Character]] = [[]]
        var row = 0
        var column = 0
        var isUnknown = false

        mutating func write(_ text: String) {
            var rest = Array(text.unicodeScalars)[...]
            while let scalar = rest.popFirst() {
                switch scalar {
                case "\r": column = 0
                case "\n": down()
                case "\u{1b}":
                    let end = rest.firstIndex { ("A"..."Z").contains($0) } ?? rest.endIndex - 1
                    control(String(String.UnicodeScalarView(rest[...end])))
                    rest = rest[(end + 1)...]
                default: put(Character(scalar))
                }
            }
        }

        private mutating func down() {
            row += 1
            column = 0
            if row == rows.count { rows.append([]) }
        }

        /// The last column holds the cursor back until something follows, as terminals do (xenl of terminfo(5)).
        private mutating func put(_ character: Character) {
            if column == columns { down() }
            while rows[row].count <= column { rows[row].append(" ") }
            rows[row][column] = character
            column += 1
        }

        private mutating func control(_ sequence: String) {
            if sequence == "[J" {
                rows[row] = Array(rows[row].prefix(column))
                rows = Array(rows.prefix(row + 1))
            } else if sequence.hasSuffix("A"), let count = Int(sequence.dropFirst().dropLast()), count <= row {
                row -= count
            } else {
                isUnknown = true
            }
        }

        /// As libedit shows it: it leaves the last column at once.
        mutating func edit(_ line: String) {
            write(Screen.prompt + line)
            if column == columns { down() }
        }

        /// The rows, without the spaces that nobody sees.
        var text: [String] { rows.map { ScreenTests.trimmed(String($0)) } }
    }

    private static func trimmed(_ row: String) -> String {
        String(row.reversed().drop { $0 == " " }.reversed())
    }

    private func screen(_ columns: Int) -> Screen { Screen(columns: columns) { $0.value < 0x2e80 ? 1 : 2 } }

    private func run(_ columns: Int, typed: String, _ pieces: [String]) -> [String] {
        var screen = screen(columns)
        var terminal = Terminal(columns: columns)
        terminal.edit(typed)
        for piece in pieces {
            terminal.write(screen.show(piece, above: typed))
            terminal.edit(typed)
        }
        #expect(!terminal.isUnknown)
        return terminal.text
    }

    @Test(arguments: ["", "a", "hello wor", String(repeating: "x", count: 8), String(repeating: "y", count: 30)])
    func `the line being typed stays below received data`(typed: String) {
        let rows = run(10, typed: typed, ["one\n", "two\nthree\n"])
        #expect(rows.prefix(3) == ["one", "two", "three"])
        #expect(rows.dropFirst(3).joined() == Self.trimmed("> \(typed)"))
    }

    @Test(arguments: [["pa", "rt", "ial\n"], ["partial", "\n"], ["p", "artial\n"], ["partial\n"]])
    func `a line in pieces is written as one`(pieces: [String]) {
        #expect(run(20, typed: "typing", pieces) == ["partial", "> typing"])
    }

    @Test func `a partial line is shown above the prompt`() {
        #expect(run(20, typed: "typing", ["name? "]) == ["name?", "> typing"])
    }

    @Test(arguments: [1, 3, 7, 40])
    func `a long line wraps where the terminal wraps`(size: Int) {
        let text = String((0..<25).map { Character(Unicode.Scalar(UInt8(97 + $0))) })
        let pieces = stride(from: 0, to: text.count, by: size).map { start in
            String(text.dropFirst(start).prefix(size))
        }
        #expect(run(10, typed: "z", pieces + ["\n"]) == ["abcdefghij", "klmnopqrst", "uvwxy", "> z"])
    }

    @Test func `an entered line is followed by a new prompt`() {
        var screen = screen(20)
        var terminal = Terminal(columns: 20)
        terminal.edit("")
        terminal.write(screen.show("name? ", above: ""))
        terminal.edit("me")
        terminal.write("\r\n")
        screen.lineEntered()
        terminal.edit("")
        terminal.write(screen.show("hello", above: ""))
        terminal.edit("")
        #expect(terminal.text == ["name?", "> me", "hello", ">"])
    }

    @Test func `another line makes room, and the end removes the prompt`() {
        var screen = screen(20)
        var terminal = Terminal(columns: 20)
        terminal.edit("typing")
        terminal.write(screen.show("part", above: "typing"))
        terminal.edit("typing")
        terminal.write(screen.beginRow(above: "typing"))
        terminal.write("usherctl: a word\n")
        terminal.edit("typing")
        #expect(terminal.text == ["part", "usherctl: a word", "> typing"])
        terminal.write(screen.clear("typing"))
        #expect(terminal.text == ["part", "usherctl: a word", ""])
    }

    @Test(arguments: [
        ("> ", 0), ("> 1234567", 0), ("> 12345678", 1), ("> 123456789", 1), ("> \u{65e5}\u{672c}\u{8a9e}", 0),
        ("> 1\u{65e5}\u{672c}\u{8a9e}", 0), ("> 12\u{65e5}\u{672c}\u{8a9e}", 1), ("> 1234567\u{65e5}", 1),
        ("> \u{1}\u{1}\u{1}\u{1}", 1), ("> a\tb", 0), ("> 123456\t", 1),
    ])
    func `wide and invisible characters move the cursor correctly`(text: String, row: Int) {
        #expect(screen(10).rowOfCursor(behind: text) == row)
    }

    @Test func `a new width resets the rows`() {
        var screen = screen(20)
        _ = screen.show("part", above: "")
        screen.columns = 10
        #expect(screen.show("x\n", above: "") == "\r\u{1b}[Jx\n")
        _ = screen.show("part", above: "")
        screen.columns = 10
        #expect(screen.show("x\n", above: "").hasPrefix("\r\u{1b}[1A"))
    }
}
