// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// What a source of datagrams sends back to come in, which shows that it gets what is sent to it: the source of a datagram
/// is whatever the sender has written there.
///
/// Forty bits that nobody can foresee. To hit on them takes as many datagrams as a link of one gigabit a second carries in
/// a week, and what is won is a room that anybody may join.
struct JoinToken {
    /// Digits and small letters, without those that look alike.
    private static let alphabet: [32 of UInt8] = {
        var alphabet = [32 of UInt8](repeating: 0)
        var count = 0
        for digit in "abcdefghijkmnpqrstuvwxyz23456789".utf8 {
            alphabet[count] = digit
            count += 1
        }
        return alphabet
    }()

    private let text: [8 of UInt8]

    /// Draws one, from the kernel's generator (getrandom(2)).
    init() { self.init(bits: .random(in: 0..<1 << 40)) }

    /// The token of the lowest forty bits.
    init(bits: UInt64) {
        text = [8 of UInt8] { Self.alphabet[Int(truncatingIfNeeded: bits >> (5 * UInt64($0))) & 31] }
    }

    /// Appends the line that asks for the token.
    ///
    /// It is short, for it goes to whoever is said to have asked: with the headers of IP and UDP, not three times the
    /// shortest datagram that asks for it. RFC 9000, 8.1, allows as much.
    func appendInvitation(to line: inout [UInt8]) {
        line.append("* You are not in. Send /join ")
        for index in text.indices { line.append(text[index]) }
        line.append("\n")
    }

    /// Whether somebody wrote the token, in capitals or small letters.
    func matches(_ word: [UInt8]) -> Bool {
        guard word.count == text.count else { return false }
        return text.indices.allSatisfy { text[$0] == word[$0].lowercased }
    }
}

extension UInt8 {
    /// The small letter for an ASCII capital.
    fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
