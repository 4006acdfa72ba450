// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Testing

@testable import Services

@Suite struct MemberNameTests {
    @Test(arguments: ["a", "Alice", "日本", "o'neill", "a.b-c_d", "😀", "e\u{301}", String(repeating: "é", count: 32)])
    func `a printable name is accepted`(text: String) throws {
        #expect(try MemberName(chosen: Array(text.utf8)).text == Array(text.utf8))
    }

    @Test(arguments: [
        "", "a b", "a\u{a0}b", "a\tb", "\u{1b}[31m", "a\0", "\u{7f}", "a<", ">", "/x", "a:b", "#1", "@x", "*",
        "\u{301}a",
        "a\u{202e}b", "a\u{200b}b", "a\u{200d}b", "\u{feff}a", "\u{ad}a", "\u{e000}", "\u{3164}", "a\u{2028}",
        "\u{ffff}",
    ])
    func `a name that could deceive is refused`(text: String) {
        #expect(throws: MemberName.Problem.unfit) { try MemberName(chosen: Array(text.utf8)) }
    }

    @Test func `a name that is too long is refused`() {
        #expect(throws: MemberName.Problem.tooLong) { try MemberName(chosen: Array(repeating: 0x61, count: 33)) }
    }

    @Test(arguments: [
        ("Alice", "aLICE"), ("É", "e\u{301}"), ("straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("ﬁ", "FI"),
    ])
    func `names that look alike are equal`(one: String, other: String) throws {
        #expect(try MemberName(chosen: Array(one.utf8)).key == MemberName(chosen: Array(other.utf8)).key)
    }

    @Test(arguments: [
        (SocketAddress.ipv4(.loopback, port: 7), "127.0.0.1:7"), (.ipv6(.loopback, port: 7, scope: 0), "[::1]:7"),
        (.vsock(cid: 2, port: 1024), "2:1024"), (.unnamed, "unix-#12"),
        (.unix(path: Array("/run/x y".utf8)), "/run/x?y"),
        (.abstract(name: [0x61, 0x1b, 0x0a, 0, 0xff, 0x3e]), "@a???\u{fffd}?"),
    ])
    func `a new member's name is its address`(peer: SocketAddress, name: String) {
        #expect(String(decoding: MemberName(peer: peer, connection: 12).text, as: UTF8.self) == name)
    }
}
