// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Lines without end: RFC 864.
@Suite struct ChargenTests {
    private let chargen = """
        [listener.lines]
        listen = ["tcp://127.0.0.1:0", "unix-seqpacket://$DIR/packets"]
        service = "chargen"
        """

    /// The RFC's pattern, by its rule: each line begins one character further than the one before.
    private func line(_ number: Int) -> [UInt8] {
        (0..<72).map { UInt8(32 + (number + $0) % 95) } + [13, 10]
    }

    @Test func `chargen sends the rotating lines to nc`() throws {
        try withUsherd(chargen) { daemon in
            let script = "nc 127.0.0.1 \(try daemon.address("lines").port) </dev/null | head -c 1000000"
            let result = try run("sh", ["-c", script])
            let pattern = (0..<95).flatMap(line)
            let expected = (0..<1_000_000).map { pattern[$0 % pattern.count] }
            #expect(result.output == expected)
            let close = try daemon.record("close")
            #expect(close["reason"] == "reset-by-client")
            #expect(close["by"] == "client")
        }
    }

    @Test func `chargen sends a line in each message`() throws {
        try withUsherd(chargen) { daemon in
            let client = try Client(daemon.address("lines", 1))
            for number in 0..<200 { #expect(try client.receive() == line(number)) }
            client.close()
        }
    }

    @Test func `a slow reader gets every byte`() throws {
        try withUsherd(chargen) { daemon in
            let client = try Client(daemon.address("lines"), receiveBuffer: 4096)
            let expected = (0..<10_000).flatMap { line($0 % 95) }
            var received: [UInt8] = []
            while received.count < expected.count {
                // Small sips, with all the time in between that other tests take.
                received += try client.receive(atMost: min(1021, expected.count - received.count))
            }
            #expect(received == expected)
            client.close()
        }
    }

    @Test func `a half-closed client still gets lines`() throws {
        try withUsherd(chargen) { daemon in
            let client = try Client(daemon.address("lines"))
            try client.send("What do you have?\n")
            try client.finishWriting()
            #expect(try client.receive(exactly: 74 * 1000) == (0..<1000).flatMap { line($0 % 95) })
            client.close()
        }
    }
}
