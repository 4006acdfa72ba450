// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Foundation
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

/// discard, daytime and time: those in which one side alone has something to say.
@Suite struct OneWayServicesTests {
    private func open(
        _ settings: ServiceSettings, _ kind: SocketKind = .tcp
    ) throws -> (LaneHarness, ListeningSocket) {
        let harness = try LaneHarness()
        return (harness, try harness.listen([kind], service: settings.factory)[0])
    }

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `discard reads and sends nothing`(kind: SocketKind) throws {
        let (harness, socket) = try open(.discard, kind)
        let peer = try harness.connect(to: socket)
        if kind.isByteStream {
            peer.write([UInt8](repeating: 7, count: 1 << 20))
        } else {
            peer.writeMessage(String(repeating: "x", count: 1000))
        }
        #expect(harness.run(until: { peer.hasWritten }))
        peer.finishWriting()
        #expect(harness.run(until: { peer.hasEnded && harness.connections == 0 }))
        #expect(peer.received == [])
        #expect(try harness.ends() == ["client-closed by client"])
        #expect(try harness.capturedRecords().last?.number("bytes_in") == (kind.isByteStream ? 1 << 20 : 1000))
    }

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `daytime sends one line and finishes`(kind: SocketKind) throws {
        let (harness, socket) = try open(.daytime, kind)
        let before = CivilTime(nanoseconds: Clock.realtime)
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        let after = CivilTime(nanoseconds: Clock.realtime)
        let possible = [before, after].map { time in
            var line: [UInt8] = []
            line.append(daytimeOf: time)
            return String(decoding: line, as: UTF8.self)
        }
        #expect(possible.contains(peer.text), "unless the test took more than a second: \(peer.text)")
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == ["finished by service"])
    }

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `time sends four bytes and finishes`(kind: SocketKind) throws {
        let (harness, socket) = try open(.time, kind)
        let before = TimeProtocol.seconds(of: Clock.realtime)
        let peer = try harness.connect(to: socket)
        #expect(harness.run(until: { peer.hasEnded }))
        let after = TimeProtocol.seconds(of: Clock.realtime)
        #expect(peer.received.count == 4)
        let said = peer.received.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        #expect(before <= said && said <= after)
        peer.close()
        #expect(harness.run(until: { harness.connections == 0 }))
        #expect(try harness.ends() == ["finished by service"])
    }

    @Test(arguments: [ServiceSettings.daytime, .time])
    func `input that a client sends first does not lose the answer`(settings: ServiceSettings) throws {
        let (harness, socket) = try open(settings)
        let peer = try harness.connect(to: socket)
        peer.reads = false
        peer.write([UInt8](repeating: 7, count: 300_000))
        #expect(harness.run(until: { peer.hasWritten }))
        peer.finishWriting()
        #expect(harness.run(until: { harness.connections == 0 }))
        peer.reads = true
        #expect(harness.run(until: { peer.isOver }))
        #expect(peer.failure == 0, "a reset would have taken the answer along")
        #expect(peer.received.count >= 4)
    }

    @Test(arguments: [ServiceSettings.daytime, .time, .discard, .echo, .chargen, .chat])
    func `a client that disconnects immediately has its records`(settings: ServiceSettings) throws {
        let (harness, socket) = try open(settings)
        for _ in 0..<20 {
            try harness.connect(to: socket).reset()
            try harness.connect(to: socket).close()
        }
        #expect(harness.run(until: { harness.connections == 0 && harness.lane.handle.connections.value == 0 }))
        harness.settle()
        let records = try harness.capturedRecords()
        #expect(records.filter { $0.event == "open" }.count == records.filter { $0.event == "close" }.count)
        #expect(Set(records.filter { $0.event == "close" }.compactMap { $0.number("connection") }).count >= 20)
    }
}
