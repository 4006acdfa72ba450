// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Configuration

/// The effort of reading a configuration grows with its length and not faster, whatever is in it.
@Suite struct LinearLoadingTests {
    private typealias Shape = (name: String, text: @Sendable (Int) -> String)

    private static let shapes = hosts + buses.map { shape in (shape.name, { @Sendable in shape.text($0 / 2) }) }

    private static let hosts: [Shape] = [
        ("upstreams on one line", { forward("[" + upstreams($0).joined(separator: ", ") + "]") }),
        ("upstreams on lines of their own", { forward("[" + upstreams($0).joined(separator: ",\n") + "]") }),
        (
            "upstreams as tables",
            { forward("[" + upstreams($0).map { "{ address = \($0), weight = 3 }" }.joined(separator: ", ") + "]") }
        ),
        (
            "named upstreams",
            { forward("[" + (0..<$0).map { "\"tcp://h\($0).example:80\"" }.joined(separator: ", ") + "]") }
        ),
        ("the same upstream", { forward("[" + String(repeating: "\"tcp://10.0.0.1:80\", ", count: $0) + "]") }),
        (
            "addresses of a listener",
            {
                "[listener.a]\nservice = \"echo\"\nlisten = ["
                    + (1...$0).map { "\"tcp://127.0.0.1:\($0)\"" }.joined(separator: ", ") + "]"
            }
        ),
        (
            "ports that the kernel chooses",
            {
                "[listener.a]\nservice = \"echo\"\nlisten = [" + String(repeating: "\"tcp://127.0.0.1:0\", ", count: $0)
                    + "]"
            }
        ),
        (
            "listeners",
            { (1...$0).map { "[listener.l\($0)]\nlisten = \"tcp://127.0.0.1:\($0)\"\nservice = \"echo\"\n" }.joined() }
        ),
        (
            "listeners on one address",
            { (1...$0).map { "[listener.l\($0)]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"echo\"\n" }.joined() }
        ),
        (
            "relays in a row",
            {
                (1...$0).map {
                    "[listener.l\($0)]\nlisten = \"tcp://127.0.0.1:\($0)\"\nservice = \"forward\"\nto = \"tcp://127.0.0.1:\($0 + 1)\"\n"
                }.joined()
            }
        ),
        (
            "relays in a circle",
            { count in
                (1...count).map {
                    "[listener.l\($0)]\nlisten = \"tcp://127.0.0.1:\($0)\"\nservice = \"forward\"\nto = \"tcp://127.0.0.1:\($0 % count + 1)\"\n"
                }.joined()
            }
        ),
        (
            "relays to one of them",
            {
                (1...$0).map {
                    "[listener.l\($0)]\nlisten = \"tcp://127.0.0.1:\($0)\"\nservice = \"forward\"\nto = \"tcp://10.0.0.1:9\"\n"
                }.joined()
            }
        ),
    ]

    private static let buses: [Shape] = [
        ("a bus to many", { bus("[\"can://a\"]", "[" + names("b", $0) + "]") }),
        ("many buses to many", { bus("[" + names("a", $0) + "]", "[" + names("b", $0) + "]") }),
        (
            "many buses to many, with filters",
            { bus("[" + names("a", $0, "?id=1") + "]", "[" + names("b", $0, "?id=2") + "]") }
        ),
        (
            "many addresses on one bus, with identifiers that each has for itself",
            { count in
                let addresses = { (name: String, first: Int) in
                    (0..<count).map { "\"can://\(name)?id=\($0 + first)\"" }.joined(separator: ", ")
                }
                return bus("[" + addresses("a", 0x1000) + "]", "[\"can://b?id=1\"]")
                    + "[listener.b]\nservice = \"forward\"\nto = \"can://c\"\nlisten = [" + addresses("b", 0x8000)
                    + "]\n"
            }
        ),
        (
            "relays from a bus to another",
            { count in
                (0..<count).map {
                    "[listener.l\($0)]\nservice = \"forward\"\nlisten = \"can://a?id=\($0 + 0x1000)\"\n"
                        + "to = \"can://b?id=\($0 + 0x9000)\"\n"
                }.joined()
            }
        ),
        (
            "relays in a row of buses",
            { count in
                (0..<count).map {
                    "[listener.l\($0)]\nservice = \"forward\"\nlisten = \"can://a\($0)\"\nto = \"can://a\($0 + 1)\"\n"
                }.joined()
            }
        ),
        (
            "relays in a circle of buses",
            { count in
                (0..<count).map {
                    "[listener.l\($0)]\nservice = \"forward\"\nlisten = \"can://a\($0)\"\n"
                        + "to = \"can://a\(($0 + 1) % count)\"\n"
                }.joined()
            }
        ),
        (
            "relays from every bus to one that all hear",
            { count in
                (0..<count).map {
                    "[listener.l\($0)]\nservice = \"forward\"\nlisten = \"can://hub\"\nto = \"can://a\($0)\"\n"
                        + "[listener.m\($0)]\nservice = \"forward\"\nlisten = \"udp://127.0.0.1:\($0 + 1)\"\n"
                        + "to = \"can://hub\"\n"
                }.joined()
            }
        ),
        (
            "echoes on one bus",
            { "[listener.a]\nservice = \"echo\"\nlisten = [" + names("a", $0, "?id=1") + ", " + echoes($0) + "]\n" }
        ),
    ]

    private static func echoes(_ count: Int) -> String {
        (0..<count).map { "\"can://one?id=\($0 + 0x1000)\"" }.joined(separator: ", ")
    }

    private static func bus(_ listen: String, _ to: String) -> String {
        "[listener.a]\nservice = \"forward\"\nlisten = \(listen)\nto = \(to)\n"
    }

    private static func names(_ name: String, _ count: Int, _ options: String = "") -> String {
        (0..<count).map { "\"can://\(name)\($0)\(options)\"" }.joined(separator: ", ")
    }

    private static func upstreams(_ count: Int) -> [String] {
        (0..<count).map { "\"tcp://10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255):80\"" }
    }

    private static func forward(_ to: String) -> String {
        "[listener.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"forward\"\nto = \(to)\n"
    }

    @Test(arguments: shapes.indices)
    func `loading a configuration takes linear time`(shape: Int) {
        let (name, text) = Self.shapes[shape]
        let short = Array(text(500).utf8)
        let long = Array(text(2000).utf8)
        // A quadratic effort would be 16 times as much.
        let growth = growth(from: short, to: long, limit: 9) {
            _ = Configuration.parse(files: [("usherd.toml", $0)], host: TestHost())
        }
        #expect(growth < 9, "\(name)")
    }
}
