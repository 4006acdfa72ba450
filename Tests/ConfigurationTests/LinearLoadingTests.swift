// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxSystem
import Testing

@testable import Configuration

/// The effort of reading a configuration grows with its length and not faster, whatever is in it.
@Suite struct LinearLoadingTests {
    private static let shapes: [(name: String, text: @Sendable (Int) -> String)] = [
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

    private static func upstreams(_ count: Int) -> [String] {
        (0..<count).map { "\"tcp://10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255):80\"" }
    }

    private static func forward(_ to: String) -> String {
        "[listener.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"forward\"\nto = \(to)\n"
    }

    @Test(arguments: shapes.indices)
    func `four times the configuration takes about four times the effort`(shape: Int) {
        let (name, text) = Self.shapes[shape]
        let short = Array(text(500).utf8)
        let long = Array(text(2000).utf8)
        // A quadratic effort would be 16 times as much.
        #expect(Self.effort(long) < 9 * max(Self.effort(short), 1), "\(name)")
    }

    /// The processor time that this thread alone spends on reading, in microseconds: the least of three.
    private static func effort(_ bytes: [UInt8]) -> Int {
        (0..<3).map { _ in
            let start = threadTime()
            _ = Configuration.parse(files: [("usherd.toml", bytes)], host: TestHost())
            return threadTime() - start
        }.min() ?? 0
    }

    private static func threadTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }
}
