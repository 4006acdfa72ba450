// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Records

@Suite struct PrefixedErrorOutputTests {
    @Test(arguments: [
        ("cannot start", "usherd: cannot start\n"),
        ("a\n  b\n", "usherd: a\n  b\n"),
        ("red \u{1b}[31m\r", "usherd: red \\x1b[31m\\x0d\n"),
        ("", "usherd: \n"),
    ])
    func aMessageBeginsWithTheProgramAndEndsItsLine(message: String, text: String) {
        let pipe = Pipe()
        PrefixedErrorOutput(descriptor: pipe.writing).say(message)
        #expect(pipe.readAvailable() == text)
    }

    @Test func aPipeThatNobodyReadsDoesNotHoldTheCallerUp() {
        let pipe = Pipe()
        let output = PrefixedErrorOutput(descriptor: pipe.writing)
        // More than a pipe holds.
        for _ in 0..<3 { output.say(String(repeating: "x", count: 50_000)) }
        #expect(!pipe.readAvailable().isEmpty)
    }
}
