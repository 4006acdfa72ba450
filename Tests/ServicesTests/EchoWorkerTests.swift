// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

@Suite struct EchoWorkerTests {
    @Test(
        .enabled(if: geteuid() == 0, "needs root, for buffers beyond net.core.wmem_max"),
        arguments: [1, 212_992, 213_000, 425_953, 524_289, 1 << 20])
    func `a message comes back as long as its sender can send it`(length: Int) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixSeqpacket], service: ServiceSettings.echo.factory)[0]
        let peer = try harness.connect(to: socket)
        peer.readLength = 2 << 20
        peer.makeRoom(for: 2 << 20)
        let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        #expect(peer.writeMessage(message))
        #expect(harness.run(until: { !peer.messages.isEmpty || peer.isOver }))
        #expect(peer.messages == [message])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for buffers beyond net.core.wmem_max"))
    func `a message over the limit ends the connection as message-too-long`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen([.unixSeqpacket], service: ServiceSettings.echo.factory)[0]
        let peer = try harness.connect(to: socket)
        peer.makeRoom(for: 4 << 20)
        #expect(peer.writeMessage([UInt8](repeating: 0, count: 1 << 20 | 1)))
        #expect(harness.run(until: { peer.isOver }))
        let close = try #require(try harness.capturedRecords().first { $0.event == "close" })
        #expect(close["reason"] == "message-too-long" && close["by"] == "client" && close["errno"] == "EMSGSIZE")
    }

    private static let megabyte = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    private func open(_ kind: SocketKind) throws -> (LaneHarness, ListeningSocket) {
        let harness = try LaneHarness()
        return (harness, try harness.listen([kind], service: ServiceSettings.echo.factory)[0])
    }

    @Test(arguments: [SocketKind.tcp, .unixStream])
    func `a client that half-closes before it reads gets everything back`(kind: SocketKind) throws {
        let (harness, socket) = try open(kind)
        let peer = try harness.connect(to: socket)
        peer.reads = false
        peer.write(Self.megabyte)
        peer.finishWriting()
        harness.settle()
        peer.reads = true
        #expect(harness.run(until: { peer.hasEnded && harness.connections == 0 }))
        #expect(peer.received == Self.megabyte)
        #expect(try harness.ends() == ["client-closed by client"])
        let close = try #require(try harness.capturedRecords().last)
        #expect(close.number("bytes_in") == Self.megabyte.count)
        #expect(close.number("bytes_out") == Self.megabyte.count)
    }

    @Test func `single bytes are echoed`() throws {
        let (harness, socket) = try open(.tcp)
        let peer = try harness.connect(to: socket)
        peer.writeLength = 1
        peer.readLength = 1
        peer.write("slowly, but all of it")
        peer.finishWriting()
        #expect(harness.run(until: { peer.hasEnded && harness.connections == 0 }))
        #expect(peer.text == "slowly, but all of it")
    }

    @Test func `message boundaries are kept`() throws {
        let (harness, socket) = try open(.unixSeqpacket)
        let peer = try harness.connect(to: socket)
        for message in ["one", "", "three"] { peer.writeMessage(message) }
        #expect(harness.run(until: { peer.messages.count == 2 || peer.messages.count == 3 }))
        // A peer that reads an empty message cannot tell it from the end.
        #expect(peer.messages.first == Array("one".utf8))
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
    }

    @Test func `at most one read is queued for a client that does not read`() throws {
        let (harness, socket) = try open(.unixStream)
        let peer = try harness.connect(to: socket)
        peer.reads = false
        for _ in 0..<8 { peer.write(Self.megabyte) }
        harness.settle()
        #expect(!peer.hasWritten, "the slow side must stop the fast one")
        peer.reads = true
        peer.finishWriting()
        #expect(harness.run(until: { peer.hasEnded && harness.connections == 0 }))
        #expect(peer.received.count == 8 * Self.megabyte.count)
    }

    @Test func `a client that resets ends only its own connection`() throws {
        let (harness, socket) = try open(.tcp)
        let bad = try harness.connect(to: socket)
        let good = try harness.connect(to: socket)
        bad.write("x")
        harness.settle()
        bad.write(Self.megabyte)
        bad.reset()
        good.write("still here")
        #expect(harness.run(until: { good.text == "still here" && harness.connections == 1 }))
        #expect(try harness.ends() == ["reset-by-client by client"])
    }
}
