// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// A token that a source of datagrams sends back to join.
///
/// It proves that the source receives what is sent to its address. The sender of a datagram can write any source address
/// into it. The token has forty random bits. Guessing it takes 2^39 lines of 15 bytes on average, which is 18 hours on
/// a link of 1 Gbit/s, and gives access only to a room that anybody may join.
struct JoinToken {
    /// Digits and lower-case letters, without those that look alike.
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

    /// Makes a random one, from the kernel's generator (getrandom(2)).
    init() { self.init(bits: .random(in: 0..<1 << 40)) }

    /// Makes the token of the lowest forty bits.
    init(bits: UInt64) {
        text = [8 of UInt8] { Self.alphabet[Int(truncatingIfNeeded: bits >> (5 * UInt64($0))) & 31] }
    }

    /// Appends the line that asks the source to send the token.
    ///
    /// It is short, because it may go to a forged source: with IP and UDP headers less than three times the shortest
    /// datagram that causes it, the limit of RFC 9000, 8.1.
    func appendInvitation(to line: inout [UInt8]) {
        line.append("* You are not in. Send /join ")
        for index in text.indices { line.append(text[index]) }
        line.append("\n")
    }

    /// Whether a word is the token, in either case.
    func matches(_ word: [UInt8]) -> Bool {
        guard word.count == text.count else { return false }
        return text.indices.allSatisfy { text[$0] == word[$0].lowercased }
    }
}

extension UInt8 {
    /// The lower-case letter for an ASCII capital.
    fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
