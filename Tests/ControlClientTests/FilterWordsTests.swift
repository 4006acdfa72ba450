// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct FilterWordsTests {
    @Test func `the words are those of the options`() throws {
        let filter = try FilterWords.parse(
            " listener=front  peer=10.0.0.0/8 service=echo upstream=10.0.0.5:80 older=1h idle=5m ")
        var expected = ConnectionFilter()
        expected.listener = "front"
        expected.peer = "10.0.0.0/8"
        expected.service = "echo"
        expected.upstream = "tcp://10.0.0.5:80"
        expected.olderMicroseconds = 3_600_000_000
        expected.idleMicroseconds = 300_000_000
        #expect(filter == expected)
        let text = FilterWords.text(of: filter)
        #expect(text == "listener=front peer=10.0.0.0/8 service=echo upstream=tcp://10.0.0.5:80 older=1h idle=5m")
        #expect(try FilterWords.parse(text) == filter)
    }

    @Test func `no words are every connection`() throws {
        #expect(try FilterWords.parse("  ").isEmpty)
        #expect(FilterWords.text(of: ConnectionFilter()) == "")
    }

    @Test(arguments: [
        ("front", "front is not NAME=VALUE"), ("listener=", "listener= is not NAME=VALUE"),
        ("port=1", "port is none of listener, peer, service, upstream, older, idle"),
        ("peer=x", "`x`"), ("older=1", "`1` has no unit"),
    ]) func `a mistake is named`(text: String, message: String) {
        #expect {
            try FilterWords.parse(text)
        } throws: { error in
            (error as? FilterWords.Mistake)?.message.contains(message) == true
        }
    }
}
