// SPDX-License-Identifier: Apache-2.0

import Testing

/// Configurations of lines in random order, most of them wrong.
@Suite struct ConfigurationInvariantTests {
    private static let lines = [
        "[listener.a]", "[listener.b]", "[defaults]", "[daemon]", "[log]", "[", "x = 1",
        "listen = \"tcp://127.0.0.1:7\"",
        "listen = [\"udp://[::1]:7\", \"can://c\\\"\"]", "listen = \"unix:///run/\\u001b[31m\"",
        "service = \"forward\"",
        "service = \"echo\"", "servise = \"chat\"", "to = \"tcp://x.example:443\"",
        "to = [{ address = \"udp://a:1\" }]",
        "framing = \"lines\"", "idle-timeout = \"106751991167d\"", "idle-timeout = false", "weight = -1",
        "max-connections = 9223372036854775807", "log = [\"open\"]", "to = [\"journal\", \"file:/x\"]",
        "\u{1b}]0;x\u{7}",
        "health = { interval = \"1ms\", send = \"\\u0000\" }", "accept-proxy = \"10.0.0.0/33\"",
    ]

    @Test(arguments: 0..<100) func `random lines are a configuration or have problems`(seed: UInt64) {
        var numbers = Numbers(state: seed)
        let count = Int.random(in: 0...12, using: &numbers)
        let text = (0..<count).map { _ in (Self.lines.randomElement(using: &numbers) ?? "") + "\n" }.joined()
        #expect(configurationInvariantFailures(of: Array(text.utf8)) == [], "\(text)")
    }
}

/// The same numbers in each run (Knuth's MMIX).
struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
