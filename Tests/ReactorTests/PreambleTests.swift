// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Policy
import TestSupport
import Testing

/// Connections that have to say whom they come from.
@Suite("A PROXY header before the service") struct PreambleTests {
    private func harness() throws -> (LaneHarness, ListeningSocket) {
        let harness = try LaneHarness()
        let trust = ProxyTrust(sources: [.network(try IPNetwork(parsing: "127.0.0.0/8"))])
        return (harness, try harness.listen(service: EchoingService.init) { $0.proxyTrust = trust }[0])
    }

    // Plain only: the PROXY header comes before the filter, as it does before TLS, and the test's peer has one from its first byte.
    @Test("The header is taken to its last byte, in however many pieces it comes", .plainOnly)
    func inPieces() throws {
        let (harness, socket) = try harness()
        let peer = try harness.connect(to: socket)
        for byte in Array("PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\nhello".utf8) {
            peer.write([byte])
            harness.run(turns: 2)
        }
        #expect(harness.run(until: { peer.received == Array("hello".utf8) }))
        peer.finishWriting()
        #expect(harness.run(until: { harness.connections == 0 }))
        let records = try harness.capturedRecords().filter { ["open", "close", "refused"].contains($0.event) }
        #expect(records.map(\.event) == ["open", "close"])
        for record in records {
            #expect(record["peer"] == "tcp://192.0.2.7:4000")
            #expect(record["via"]?.hasPrefix("tcp://127.0.0.1:") == true)
        }
    }

    @Test(
        "Who says something else, or nothing, is turned away with the reason and no more",
        arguments: [
            ("GET / HTTP/1.0\r\n", false), ("PROXY TCP4 192.0.2.7", true), ("", true),
        ])
    func turnedAway(words: String, finishes: Bool) throws {
        let (harness, socket) = try harness()
        let peer = try harness.connect(to: socket)
        peer.write(words)
        if finishes { peer.finishWriting() }
        #expect(harness.run(until: { (try? harness.capturedRecords().contains { $0.event == "refused" }) == true }))
        #expect(harness.connections == 0)
        let records = try harness.capturedRecords().filter { ["open", "close", "refused"].contains($0.event) }
        #expect(records.map(\.event) == ["refused"])
        #expect(records[0]["rule"] == "listener.accept-proxy")
        #expect(records[0]["reason"]?.hasPrefix("PROXY header: ") == true)
    }
}
