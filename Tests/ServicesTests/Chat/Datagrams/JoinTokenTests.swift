// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

@Suite struct JoinTokenTests {
    private func invitation(_ token: JoinToken) -> String {
        var line: [UInt8] = []
        token.appendInvitation(to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    @Test(arguments: [
        (UInt64(0), "aaaaaaaa"), (1, "baaaaaaa"), (31 << 35, "aaaaaaa9"), (1 << 40, "aaaaaaaa"),
        (.max, "99999999"), (0x1_0842_1084, "eeeeeeea"),
    ])
    func `a token has forty bits`(bits: UInt64, text: String) {
        #expect(invitation(JoinToken(bits: bits)) == "* You are not in. Send /join \(text)\n")
    }

    /// With the 28 bytes of the headers of IPv4 and UDP, or the 48 of IPv6, and the shortest datagram that is answered.
    @Test(arguments: [28, 48]) func `the answer is less than three times as long as the request`(headers: Int) {
        #expect(headers + invitation(JoinToken()).utf8.count < 3 * (headers + 1))
    }

    @Test(arguments: [
        ("aaaaaaaa", false), ("baaaaaaa", true), ("BAAAAAAA", true), ("", false), ("b", false), ("baaaaaa", false),
        ("baaaaaaab", false), ("baaaaaaa ", false), ("baaaaaa\u{1}", false), ("bbaaaaaa", false), ("báaaaaa", false),
        ("*", false), ("baaaaaa!", false),
    ])
    func `a token matches only itself`(word: String, isIt: Bool) {
        #expect(JoinToken(bits: 1).matches(Array(word.utf8)) == isIt)
    }

    @Test func `tokens are random`() {
        let tokens = (0..<1000).map { _ in invitation(JoinToken()) }
        // Of 2^40, two of a thousand are the same once in two million times.
        #expect(Set(tokens).count >= 999)
        #expect(Set(tokens.flatMap { $0.dropLast().suffix(8) }).count == 32, "every digit is used")
    }
}
