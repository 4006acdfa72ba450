// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

@Suite struct ChargenWorkerTests {
    private func open(_ kind: SocketKind) throws -> (LaneHarness, ListeningSocket) {
        let harness = try LaneHarness()
        return (harness, try harness.listen([kind], service: ServiceSettings.chargen.factory)[0])
    }

    private func isPattern(_ bytes: [UInt8]) -> Bool {
        bytes.indices.allSatisfy { bytes[$0] == ChargenPattern.bytes[$0 % ChargenPattern.cycleLength] }
    }

    @Test(arguments: [SocketKind.tcp, .unixStream])
    func `the pattern is continuous while the client reads`(kind: SocketKind) throws {
        let (harness, socket) = try open(kind)
        let peer = try harness.connect(to: socket)
        peer.readLength = 4099
        #expect(harness.run(until: { peer.received.count > 1_000_000 }))
        #expect(isPattern(peer.received))
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == ["reset-by-client by client"])
    }

    @Test func `each message has one line`() throws {
        let (harness, socket) = try open(.unixSeqpacket)
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.messages.count > 500 }))
        #expect(peer.messages.allSatisfy { $0.count == 74 && $0.suffix(2) == [13, 10] })
        #expect(isPattern(peer.received))
    }

    @Test func `a client that does not read stops the output, and others continue`() throws {
        let (harness, socket) = try open(.unixStream)
        let greedy = try harness.connect(to: socket)
        let silent = try harness.connect(to: socket)
        silent.reads = false
        #expect(harness.run(until: { greedy.received.count > 2_000_000 }))
        silent.reads = true
        #expect(harness.run(until: { silent.received.count > 1_000_000 }))
        #expect(isPattern(silent.received))
        #expect(isPattern(greedy.received))
    }

    @Test func `input is discarded while output is sent`() throws {
        let (harness, socket) = try open(.tcp)
        let peer = try harness.connect(to: socket)
        peer.write([UInt8](repeating: 1, count: 4 << 20))
        #expect(harness.run(until: { peer.hasWritten && peer.received.count > 100_000 }))
        peer.reads = false
        peer.write([UInt8](repeating: 1, count: 4 << 20))
        #expect(harness.run(until: { peer.hasWritten }), "also from one that does not read")
    }

    @Test func `a half-closed client still gets output`() throws {
        let (harness, socket) = try open(.tcp)
        let peer = try harness.connect(to: socket)
        peer.finishWriting()
        #expect(harness.run(until: { peer.received.count > 8_000_000 }))
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
    }
}
