// SPDX-License-Identifier: Apache-2.0

import SocketClient
import Testing

@Suite struct WordOrderTests {
    private static func ordered(_ line: String) -> String {
        let words = line.split(separator: " ").map(String.init)
        return WordOrder.commandFirst(
            words, commands: ["connect", "send"], valued: ["--timeout"], own: ["--help", "--version"]
        ).joined(separator: " ")
    }

    @Test(arguments: [
        ("--hex connect tcp://h:1", "connect --hex tcp://h:1"),
        ("--timeout 1s --hex connect tcp://h:1 -l", "connect --timeout 1s --hex tcp://h:1 -l"),
        ("--timeout=1s connect a", "connect --timeout=1s a"), ("-l connect a", "connect -l a"),
        ("--timeout send connect a", "connect --timeout send a"),
    ])
    func `options before the command are moved behind it`(line: String, meant: String) {
        #expect(Self.ordered(line) == meant)
    }

    @Test(arguments: [
        "", "connect --hex a", "connect a --hex", "--help connect", "--version", "--hex", "--timeout", "--timeout 1s",
        "nonsense connect",
        "-- connect x",
    ])
    func `other words keep their order`(line: String) {
        #expect(Self.ordered(line) == line)
    }
}
