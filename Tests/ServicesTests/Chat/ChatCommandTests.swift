// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

@Suite struct ChatCommandTests {
    @Test(
        arguments: [
            ("", .say(from: 0)), ("hello", .say(from: 0)), (" /who", .say(from: 0)), ("//who", .say(from: 1)),
            ("//", .say(from: 1)), ("/who", .who), ("/WHO", .who), ("/who  ", .who), ("/who is here", .who),
            ("/quit", .quit),
            ("/help", .help), ("/join", .join([])), ("/JOIN  k7 ", .join(Array("k7".utf8))),
            ("/join a b", .join(Array("a b".utf8))), ("/joink7", .unknown(Array("/joink7".utf8))),
            ("/nick", .nick([])), ("/nick  ", .nick([])), ("/nick alice", .nick(Array("alice".utf8))),
            ("/nick \t alice \t", .nick(Array("alice".utf8))), ("/Nick a b", .nick(Array("a b".utf8))),
            ("/nickalice", .unknown(Array("/nickalice".utf8))), ("/", .unknown(Array("/".utf8))),
            ("/ who", .unknown(Array("/".utf8))), ("/é x", .unknown(Array("/é".utf8))),
            ("/quit\u{1b}", .unknown(Array("/quit\u{1b}".utf8))),
        ] as [(String, ChatCommand)])
    func `a line is parsed as command or text`(line: String, command: ChatCommand) {
        #expect(ChatCommand(Array(line.utf8).span) == command)
    }
}
