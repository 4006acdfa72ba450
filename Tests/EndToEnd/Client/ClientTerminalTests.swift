// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// `usherctl connect` on a terminal: what comes in does not garble what is being typed.
@Suite struct ClientTerminalTests {
    @Test func `received data is shown above the line being typed`() throws {
        try TerminalStep.run([
            .type("hello wor"), .shows(["> hello wor"]),
            .peerSends("news\n"), .shows(["news", "> hello wor"]),
            .type("ld"), .shows(["news", "> hello world"]),
            .peerSends("more\nand more\n"), .shows(["news", "more", "and more", "> hello world"]),
            .type("\r"), .peerGets("hello world\n"), .shows(["and more", "> hello world", ">"]),
            .type("q\r"), .ends(0),
        ])
    }

    @Test func `a partial line is continued, and one without a line feed keeps its row`() throws {
        try TerminalStep.run([
            .type("ab"), .peerSends("par"), .shows(["par", "> ab"]),
            .peerSends("tial "), .shows(["partial", "> ab"]),
            .peerSends("line\nname? "), .shows(["partial line", "name?", "> ab"]),
            .type("c\r"), .peerGets("abc\n"), .peerSends("hi"), .shows(["name?", "> abc", "hi", ">"]),
            .type("\u{4}"), .ends(0),
        ])
    }

    @Test func `a line longer than the screen stays whole`() throws {
        let typed = String(repeating: "0123456789", count: 6)
        try TerminalStep.run([
            .type(typed), .shows(["> " + typed.prefix(38), String(typed.dropFirst(38))]),
            .peerSends("news\n"), .shows(["news", "> " + typed.prefix(38), String(typed.dropFirst(38))]),
            .peerSends(String(repeating: "x", count: 45) + "\n"),
            .shows([
                "news", String(repeating: "x", count: 40), "xxxxx", "> " + typed.prefix(38),
                String(typed.dropFirst(38)),
            ]),
            .type("\r"), .peerGets(typed + "\n"), .type("q\r"), .ends(0),
        ])
    }

    @Test func `editing and history work while data is received`() throws {
        try TerminalStep.run([
            .type("one\r"), .peerGets("one\n"),
            // Left over the e and the n, and a letter between.
            .type("two\u{2}\u{2}X"), .peerSends("in between\n"), .type("\u{5}!"), .shows(["in between", "> tXwo!"]),
            .type("\r"), .peerGets("tXwo!\n"),
            .type("\u{10}\u{10}"), .shows(["> one"]), .peerSends("again\n"), .shows(["again", "> one"]),
            .type("\r"), .peerGets("one\n"), .type("q\r"), .ends(0),
        ])
    }

    @Test func `multibyte characters and columns are edited and shown`() throws {
        try TerminalStep.run([
            .type("gr\u{fc}\u{df}"), .peerSends("caf\u{c3}\u{a9}\n"), .shows(["caf\u{e9}", "> gr\u{fc}\u{df}"]),
            .type("\r"), .peerGets("gr\u{fc}\u{df}\n"), .type("q\r"), .ends(0),
        ])
    }

    @Test func `control characters are shown, not executed`() throws {
        try TerminalStep.run([
            .type("safe"), .peerSends("\u{1b}[2J\u{1b}[Hred\u{7}\u{ff}\n"), .shows(["^[[2J^[[Hred^G\\xff", "> safe"]),
            .type("\u{15}q\r"), .ends(0),
        ])
    }

    @Test func `EOF of the peer ends the session with a message`() throws {
        try TerminalStep.run([
            .type("half"), .peerSends("bye"), .peerFinishes, .shows(["bye", "usherctl: EOF from the peer"]),
            .ends(0),
        ])
    }

    @Test func `Ctrl-C restores the terminal`() throws {
        try TerminalStep.run([.type("half"), .shows(["> half"]), .type("\u{3}"), .ends(-2)])
    }

    @Test func `an invalid hex line gets a message, and the session continues`() throws {
        try TerminalStep.run(
            [
                .type("zz\r"), .shows(["imal digit; write bytes as in 68 65 6c 6", "c 6f", ">"]),
                .type("68 69\r"), .peerGets("hi"), .peerSends("ok"), .shows(["6f 6b", ">"]), .type("q\r"), .ends(0),
            ], ["connect", "--hex"])
    }

    @Test func `a new window width is used`() throws {
        try TerminalStep.run([
            .type("a"), .shows(["> a"]), .width(20), .peerSends(String(repeating: "x", count: 25) + "\n"),
            .shows([String(repeating: "x", count: 20), "xxxxx", "> a"]), .type("\u{15}q\r"), .ends(0),
        ])
    }

    @Test func `a dumb terminal gets lines without editing`() throws {
        try TerminalStep.run(
            [
                .type("plain\n"), .peerGets("plain\n"), .peerSends("answer\n"), .type("q\n"), .ends(0),
            ], terminal: "dumb")
    }
}
