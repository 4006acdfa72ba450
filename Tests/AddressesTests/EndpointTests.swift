// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses

@Suite struct EndpointTests {
    @Test(arguments: [
        ("tcp://127.0.0.1:7007", "tcp://127.0.0.1:7007"),
        ("tcp://*:0", "tcp://*:0"),
        ("tcp://[::]:65535", "tcp://[::]:65535"),
        ("tcp://[2001:DB8:0:0:0:0:0:1]:7", "tcp://[2001:db8::1]:7"),
        ("tcp://[fe80::1%eth0]:7", "tcp://[fe80::1%eth0]:7"),
        ("tcp://[::ffff:192.0.2.1]:7", "tcp://[::ffff:c000:201]:7"),
        ("tcp://localhost:7?backlog=16", "tcp://localhost:7?backlog=16"),
        ("tcp://a-b.example.:7", "tcp://a-b.example.:7"),
        ("udp://239.1.2.3:5000?broadcast=true&interface=eth0", "udp://239.1.2.3:5000?interface=eth0&broadcast=true"),
        ("unix:///run/x?backlog=9&group=adm&user=0&mode=660", "unix:///run/x?mode=0660&user=0&group=adm&backlog=9"),
        ("unix:///a%3fb%25c d", "unix:///a%3Fb%25c d"),
        ("unix:///run/m%C3%BCller%ff%1b", "unix:///run/müller%FF%1B"),
        ("unix://@name%00x", "unix://@name%00x"),
        ("unix-seqpacket:///run/x", "unix-seqpacket:///run/x"),
        ("unix-dgram://@d", "unix-dgram://@d"),
        ("vsock://*:1024", "vsock://any:1024"),
        ("vsock://any:0", "vsock://any:0"),
        ("vsock://1:7", "vsock://local:7"),
        ("vsock://host:7", "vsock://host:7"),
        ("vsock://0042:7?backlog=1", "vsock://42:7?backlog=1"),
        ("can://can0", "can://can0"),
        ("can://can0?id=0x100&mask=0x700&id=512", "can://can0?id=0x100&mask=0x700&id=0x200"),
        ("can://*?id=0x00000100&mask=0x700&id=0x800", "can://*?id=0x00000100&mask=0x700&id=0x00000800"),
        ("rds://10.0.0.1:4000", "rds://10.0.0.1:4000"),
        ("systemd://web", "systemd://web"),
    ])
    func readsAndPrintsCanonically(text: String, canonical: String) throws {
        let endpoint = try Endpoint(parsing: text)
        #expect(endpoint.description == canonical)
        #expect(try Endpoint(parsing: endpoint.description) == endpoint)
    }

    @Test func readsTheParts() throws {
        let path = try Endpoint(parsing: "unix:///run/x?mode=0640&user=alice&group=24&backlog=65535")
        #expect(path.scheme == .unix)
        #expect(path.location == .path(Array("/run/x".utf8)))
        #expect(path.options.mode == 0o640)
        #expect(path.options.user == "alice")
        #expect(path.options.group == "24")
        #expect(path.options.backlog == 65535)
        let address = try Endpoint(parsing: "tcp://[fe80::1%eth0]:7")
        let linkLocal = IPv6Address(high: 0xfe80 << 48, low: 1)
        #expect(address.location == .host(.ipv6(linkLocal, scope: "eth0"), port: 7))
        #expect(try Endpoint(parsing: "vsock://any:5").location == .vsock(cid: .max, port: 5))
        #expect(
            try Endpoint(parsing: "can://can0?id=0x100&mask=0x700&id=2").options.filters == [
                CANFilter(id: 0x100, mask: 0x700), CANFilter(id: 2),
            ])
    }

    struct Mistake: Sendable {
        let text: String
        let kind: EndpointMistake.Kind
        /// The part of the text that is wrong.
        let part: String
        /// What the message and the help must say.
        let says: String

        init(_ text: String, _ kind: EndpointMistake.Kind, _ part: String, _ says: String) {
            (self.text, self.kind, self.part, self.says) = (text, kind, part, says)
        }
    }

    @Test(arguments: [
        Mistake("", .missingLocation, "", "the address is empty"),
        Mistake("localhost:80", .missingScheme, "localhost:80", "write tcp://localhost:80"),
        Mistake(":80", .missingScheme, ":80", "write tcp://*:80"),
        Mistake("80", .missingScheme, "80", "tcp://127.0.0.1:80"),
        Mistake("/run/x", .missingScheme, "/run/x", "write unix:///run/x"),
        Mistake("@x", .missingScheme, "@x", "write unix://@x"),
        Mistake("://x", .missingScheme, "", "no scheme before"),
        Mistake("unix:/run/x", .missingScheme, "unix:", "write unix:///run/x"),
        Mistake("tcp:localhost:80", .missingScheme, "tcp:", "write tcp://localhost:80"),
        Mistake("tpc://localhost:80", .unknownScheme, "tpc", "write `tcp://`"),
        Mistake("TCP://localhost:80", .unknownScheme, "TCP", "write `tcp://`"),
        Mistake(
            "127.0.0.1:53 udp", .missingScheme, "127.0.0.1:53 udp", "write udp://127.0.0.1:53 and nothing behind it"),
        Mistake(
            "10.0.0.1:80 weight=2", .missingScheme, "10.0.0.1:80 weight=2",
            "write tcp://10.0.0.1:80 and nothing behind it"
        ),
        Mistake("  ", .missingScheme, "  ", "write for example"),
        Mistake("https://example.org/x", .unknownScheme, "https", "write tcp://example.org:443: bytes"),
        Mistake("http://[::1]", .unknownScheme, "http", "write tcp://[::1]:80: bytes"),
        Mistake("HTTP://a:8080?b", .unknownScheme, "HTTP", "write tcp://a:8080: bytes"),
        Mistake("https://", .unknownScheme, "https", "write tcp://HOST:443"),
        Mistake("tcp4://localhost:80", .unknownScheme, "tcp4", "write `tcp://`"),
        Mistake("unixgram:///run/x", .unknownScheme, "unixgram", "write `unix-dgram://`"),
        Mistake("gopher://localhost:80", .unknownScheme, "gopher", "the schemes are `tcp`, `udp`"),
        Mistake("tcp://", .missingLocation, "", "write tcp://HOST:PORT"),
        Mistake("tcp:///run/x", .missingLocation, "/", "unix:///run/x"),
        Mistake("tcp://localhost", .missingPort, "", "write tcp://localhost:PORT"),
        Mistake("tcp://7007", .missingPort, "7007", "tcp://127.0.0.1:7007"),
        Mistake("tcp://localhost:", .missingPort, "", "no port follows the colon"),
        Mistake("tcp://localhost:http", .badPort, "http", "a number from 0 to 65535"),
        Mistake("tcp://localhost:-1", .badPort, "-1", "is not a port"),
        Mistake("tcp://localhost:70000", .portOutOfRange, "70000", "from 0 to 65535"),
        Mistake("tcp://localhost:99999999999999999999999", .portOutOfRange, "99999999999999999999999", "out of range"),
        Mistake("tcp://localhost:80/x", .unexpectedPath, "/x", "leave out `/x`"),
        Mistake("tcp://:80", .badHost, "", "write tcp://*:80"),
        Mistake("tcp://::1:7", .unbracketedIPv6, "::1:7", "write tcp://[::1]:7"),
        Mistake("tcp://2001:db8::1", .unbracketedIPv6, "2001:db8::1", "brackets"),
        Mistake("tcp://1:2:x", .badHost, "1:2:x", "more than one colon"),
        Mistake("tcp://[::1]", .missingPort, "", "write tcp://[::1]:PORT"),
        Mistake("tcp://[::1]80", .missingPort, "80", "no port follows"),
        Mistake("tcp://[::1:80", .badHost, "[::1:80", "never closed"),
        Mistake("tcp://[127.0.0.1]:80", .badHost, "127.0.0.1", "write tcp://127.0.0.1:PORT"),
        Mistake("tcp://[1::2::3]:80", .badHost, "1::2::3", "is not an IPv6 address"),
        Mistake("tcp://[fe80::1%]:80", .badInterface, "", "interface"),
        Mistake("tcp://256.1.1.1:80", .badHost, "256.1.1.1", "is not an IPv4 address in the usual spelling"),
        Mistake("tcp://010.1.1.1:80", .badHost, "010.1.1.1", "write 10.1.1.1, or 8.1.1.1 if the leading zero"),
        Mistake("tcp://0x7f000001:80", .badHost, "0x7f000001", "write 127.0.0.1"),
        Mistake("udp://0X7F.1:80", .badHost, "0X7F.1", "write 127.0.0.1"),
        Mistake("tcp://127.1:80", .badHost, "127.1", "write 127.0.0.1"),
        Mistake("tcp://127.0.0.1.:80", .badHost, "127.0.0.1.", "write 127.0.0.1"),
        Mistake("tcp://10.258:80", .badHost, "10.258", "write 10.0.1.2"),
        Mistake("tcp://2130706433:80", .badHost, "2130706433", "write 127.0.0.1"),
        Mistake("tcp://0:80", .badHost, "0", "write 0.0.0.0 for every IPv4 address of this host, or *"),
        Mistake("tcp://0x:80", .badHost, "0x", "write 0.0.0.0 for every"),
        Mistake("rds://0177.0.0.1:80", .badHost, "0177.0.0.1", "write 177.0.0.1, or 127.0.0.1 if"),
        Mistake("tcp://08.0.0.1:80", .badHost, "08.0.0.1", "write 8.0.0.1"),
        Mistake("tcp://4294967296:80", .badHost, "4294967296", "four numbers from 0 to 255"),
        Mistake("tcp://1.2.3.4.5:80", .badHost, "1.2.3.4.5", "four numbers from 0 to 255"),
        Mistake("tcp://1.2.3.256:80", .badHost, "1.2.3.256", "four numbers from 0 to 255"),
        Mistake("tcp://1..2:80", .badHost, "1..2", "four numbers from 0 to 255"),
        Mistake("tcp://1.2.3:80", .badHost, "1.2.3", "write 1.2.0.3"),
        Mistake("tcp://user@host:80", .badHost, "user@host", "is not a host name"),
        Mistake("tcp://müller.example:80", .badHost, "müller.example", "xn--"),
        Mistake("tcp://a..b:80", .badHost, "a..b", "1 to 63"),
        Mistake("unix://run/x", .relativePath, "run/x", "write three slashes: unix:///run/x"),
        Mistake("unix://./x", .relativePath, "./x", "unix:///PATH"),
        Mistake("unix://@", .badName, "", "no name follows"),
        Mistake("unix:///run/", .badPath, "/run/", "names a directory"),
        Mistake("unix:///a%00b", .badPath, "/a%00b", "zero byte"),
        Mistake("unix:///50%", .badEscape, "%", "write %25"),
        Mistake("unix:///a\u{1b}[2J", .badEscape, "\u{1b}", "control character"),
        Mistake("vsock://7", .missingPort, "7", "port"),
        Mistake("vsock://me:7", .badContext, "me", "`local`"),
        Mistake("vsock://4294967296:7", .badContext, "4294967296", "below 4294967296"),
        Mistake("vsock://2:4294967295", .portOutOfRange, "4294967295", "0 to 4294967294"),
        Mistake("can://a-very-long-name-0", .badInterface, "a-very-long-name-0", "1 to 15"),
        Mistake("can://a/b", .badInterface, "a/b", "slashes"),
        Mistake("systemd://a:b", .badName, "a:b", "FileDescriptorName="),
        Mistake("tcp://*:7?", .badOption, "", "an option is missing"),
        Mistake("tcp://*:7?backlog", .badOption, "", "has no value"),
        Mistake("tcp://*:7?backlog=", .badOption, "", "has no value"),
        Mistake("tcp://*:7?backlog=0", .badOption, "0", "from 1 to 65535"),
        Mistake("tcp://*:7?backlog=18446744073709551617", .badOption, "18446744073709551617", "from 1 to 65535"),
        Mistake("tcp://*:7?baklog=5", .unknownOption, "baklog", "did you mean `backlog`?"),
        Mistake("tcp://*:7?mode=0660", .optionNotForScheme, "mode", "the options of `tcp` are `backlog`"),
        Mistake("systemd://x?backlog=5", .optionNotForScheme, "backlog", "`systemd` has no options"),
        Mistake("tcp://*:7?backlog=5&backlog=6", .repeatedOption, "backlog=6", "given twice"),
        Mistake("unix:///x?mode=0888", .badOption, "0888", "octal digits"),
        Mistake("unix:///x?mode=1777", .badOption, "1777", "0000 to 0777"),
        Mistake("unix:///x?user=a b", .badOption, "a b", "is not the name of a user"),
        Mistake("unix://@x?mode=0660", .optionNotForScheme, "mode", "abstract"),
        Mistake("udp://*:7?broadcast=yes", .badOption, "yes", "broadcast=true"),
        Mistake("can://can0?mask=0x7", .badOption, "0x7", "without an id"),
        Mistake("can://can0?id=0x20000000", .badOption, "0x20000000", "0x1fffffff"),
        Mistake("can://can0?id=0x100&mask=0x1fffff00", .badOption, "0x1fffff00", "eight digits"),
    ])
    func saysWhatIsWrongAndWhere(mistake: Mistake) {
        let error = #expect(throws: EndpointSyntaxError.self) { try Endpoint(parsing: mistake.text) }
        guard let found = error?.mistakes.first else { return }
        #expect(error?.mistakes.count == 1)
        #expect(found.kind == mistake.kind)
        #expect(String(decoding: Array(mistake.text.utf8)[found.range], as: UTF8.self) == mistake.part)
        #expect("\(found.message) \(found.help ?? "")".contains(mistake.says), "\(found)")
    }

    @Test func collectsEveryMistake() {
        let error = #expect(throws: EndpointSyntaxError.self) {
            try Endpoint(parsing: "tcp://300.1.1.1:70000?mode=1&backlog=x")
        }
        #expect(error?.mistakes.map(\.kind) == [.badHost, .portOutOfRange, .optionNotForScheme, .badOption])
    }

    @Test func measuresPathsInBytesAfterDecoding() throws {
        let fits = "/" + String(repeating: "a", count: 106)
        #expect(try Endpoint(parsing: "unix://" + fits).location == .path(Array(fits.utf8)))
        #expect(
            try Endpoint(parsing: "unix:///" + String(repeating: "%61", count: 106)).location == .path(Array(fits.utf8))
        )
        let error = #expect(throws: EndpointSyntaxError.self) { try Endpoint(parsing: "unix://" + fits + "a") }
        #expect(error?.mistakes.first?.kind == .pathTooLong)
        #expect(error?.mistakes.first?.message.contains("108 bytes") == true)
        let name = String(repeating: "a", count: 107)
        #expect(try Endpoint(parsing: "unix://@" + name).location == .abstract(Array(name.utf8)))
        #expect(throws: EndpointSyntaxError.self) { try Endpoint(parsing: "unix://@a" + name) }
        let options = "tcp://*:7?" + String(repeating: "x=1&", count: 250_000)
        let tooLong = #expect(throws: EndpointSyntaxError.self) { try Endpoint(parsing: options) }
        #expect(tooLong?.mistakes.map(\.kind) == [.tooLong])
    }

    /// Every prefix, and odd bytes put in everywhere: a value that prints back, or a mistake inside the text; no trap.
    @Test func survivesDamage() throws {
        let oddBytes = Array("\0\t\u{1b} !\"#$%&'()*+,-./0a:;<=>?@[\\]^_`{|}~\u{7f}é".utf8) + [0x80, 0xff]
        let texts = [
            "tcp://[fe80::1%eth0]:7?backlog=1", "unix:///run/%41?mode=0660&user=a", "vsock://any:1",
            "can://c?id=0x1&mask=2",
        ]
        for text in texts.map({ Array($0.utf8) }) {
            for index in 0...text.count {
                Self.check(Array(text[..<index]))
                for byte in oddBytes {
                    var damaged = text
                    damaged.insert(byte, at: index)
                    Self.check(damaged)
                }
            }
        }
    }

    private static func check(_ text: [UInt8]) {
        do {
            let endpoint = try Endpoint(parsing: text)
            if (try? Endpoint(parsing: endpoint.description)) != endpoint {
                Issue.record("\(text) does not survive a round trip")
            }
        } catch {
            if error.mistakes.isEmpty || error.mistakes.contains(where: { $0.range.upperBound > text.count }) {
                Issue.record("\(text): \(error)")
            }
        }
    }

    @Test(arguments: [
        ("idle-timout", "idle-timeout"), ("Listen", "listen"), ("lsiten", "listen"), ("servce", "service"),
        ("life", "lifetime"),
    ])
    func offersTheNearestName(name: String, nearest: String) {
        #expect(NearestName.find(name, among: ["lifetime", "idle-timeout", "listen", "service"]) == nearest)
    }

    @Test(arguments: ["", "x", "colour", "timeout-of-what-is-idle", String(repeating: "listen", count: 1000)])
    func offersNothingFarFetched(name: String) {
        #expect(NearestName.find(name, among: ["lifetime", "idle-timeout", "listen", "service"]) == nil)
    }
}
