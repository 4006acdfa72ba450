// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

/// The services over datagrams: RFC 862, 863, 864, 867 and 868.
@Suite struct DatagramServicesTests {
    private static let kinds = [SocketKind.udp, .unixDatagram]

    private func open(_ settings: ServiceSettings, _ kind: SocketKind) throws -> (
        LaneHarness, ListeningSocket, DatagramPeer
    ) {
        let harness = try LaneHarness()
        let socket = try harness.listen([kind], service: settings.factory)[0]
        return (harness, socket, try DatagramPeer(kind == .udp ? "127.0.0.1" : nil))
    }

    /// Waits for so many answers.
    private func answers(_ count: Int, _ harness: LaneHarness, _ peer: DatagramPeer) -> [[UInt8]] {
        var answers: [[UInt8]] = []
        let isDone = harness.run(until: {
            while let answer = peer.receive() { answers.append(answer) }
            return answers.count >= count
        })
        #expect(isDone, "\(answers.count) answers of \(count)")
        // Nothing comes behind them.
        harness.run(until: { false }, idleTurns: 10)
        #expect(peer.receive() == nil)
        return answers
    }

    @Test(arguments: kinds, [0, 1, 64, 1200, 9000, 65_507])
    func `echo returns each datagram`(kind: SocketKind, length: Int) throws {
        let (harness, socket, peer) = try open(.echo, kind)
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try peer.send(bytes, to: socket)
        #expect(answers(1, harness, peer) == [bytes])
    }

    @Test(arguments: kinds)
    func `discard sends nothing`(kind: SocketKind) throws {
        let (harness, socket, peer) = try open(.discard, kind)
        for text in ["one", "", "three"] { try peer.send(text, to: socket) }
        #expect(answers(0, harness, peer) == [])
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let record = try harness.capturedRecords().first { $0.event == "close" }
        #expect(record?.number("datagrams_in") == 3)
        #expect(record?.number("datagrams_out") == 0)
        #expect(record?.number("bytes_in") == 8)
    }

    @Test(arguments: kinds, ["", "what time is it?"])
    func `daytime answers each datagram with a line of text`(kind: SocketKind, question: String) throws {
        let (harness, socket, peer) = try open(.daytime, kind)
        let before = CivilTime(nanoseconds: Clock.realtime)
        try peer.send(question, to: socket)
        let answer = answers(1, harness, peer)
        let possible = [before, CivilTime(nanoseconds: Clock.realtime)].map { time in
            var line: [UInt8] = []
            line.append(daytimeOf: time)
            return [line]
        }
        #expect(possible.contains(answer), "unless the test took more than a second")
    }

    @Test(arguments: kinds, ["", "x"])
    func `time answers each datagram with four bytes`(kind: SocketKind, question: String) throws {
        let (harness, socket, peer) = try open(.time, kind)
        let before = TimeProtocol.seconds(of: Clock.realtime)
        try peer.send(question, to: socket)
        let answer = answers(1, harness, peer)[0]
        #expect(answer.count == 4)
        let said = answer.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        #expect(before <= said && said <= TimeProtocol.seconds(of: Clock.realtime))
    }

    @Test(arguments: kinds)
    func `chargen answers with up to 512 characters of the pattern`(kind: SocketKind) throws {
        let (harness, socket, peer) = try open(.chargen, kind)
        var lengths: Set<Int> = []
        for round in 0..<200 {
            try peer.send("x", to: socket)
            var answer: [UInt8]?
            #expect(
                harness.run(until: {
                    answer = peer.receive()
                    return answer != nil
                }))
            let bytes = try #require(answer)
            #expect(bytes.count <= 512)
            // Each one begins with the line behind that with which the one before began.
            let start = round % 95 * ChargenPattern.lineLength
            #expect(bytes == Array(ChargenPattern.bytes[start..<start + bytes.count]))
            lengths.insert(bytes.count)
        }
        #expect(lengths.count > 50, "the length is a random number")
    }

    @Test(arguments: [ServiceSettings.echo, .daytime, .time, .chargen])
    func `each segment of a coalesced datagram is answered`(settings: ServiceSettings) throws {
        let (harness, socket, peer) = try open(settings, .udp)
        try peer.send([UInt8](repeating: 7, count: 2500), segment: 1000, to: socket)
        #expect(answers(3, harness, peer).count == 3)
        harness.lane.stop(nil, because: .stopped, by: .daemon)
        let record = try harness.capturedRecords().first { $0.event == "close" }
        #expect(record?.number("datagrams_in") == 3)
        #expect(record?.number("datagrams_out") == 3)
    }
}
