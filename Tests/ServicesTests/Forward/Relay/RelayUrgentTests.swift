// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import TestSupport
import Testing

@testable import Relaying
@testable import Services

/// Urgent data at every place of a stream, for every pair of sockets that is spliced: no byte is lost, and none is out of
/// its place.
// Plain only: urgent data has no place in the records of a filter.
@Suite(.plainOnly) struct RelayUrgentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let from: SocketKind
        let to: SocketKind
        let side: RelaySide
        var testDescription: String { "\(from) to \(to), from the \(side)" }
    }

    static let cases = [SocketKind.tcp, .unixStream].flatMap { from in
        [SocketKind.tcp, .unixStream].flatMap { to in RelaySide.allCases.map { Case(from: from, to: to, side: $0) } }
    }

    /// More than it takes to splice: several reads that fill what is copied at once.
    private static let much = (0..<400 << 10).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }

    /// The beginning, what is copied, the reads that make it splice, what is spliced, and the end.
    private static let places = [
        [0], [1], [100], [65_535], [65_536], [131_071], [131_072], [131_073], [200_000], [300_000, 300_001],
        [300_000, 350_000], [409_598], [409_599], [0, 1, 131_072, 409_599],
    ]

    /// Sends the stream with the bytes at these places being urgent.
    private func send(_ bytes: [UInt8], urgent: [Int], from peer: TestPeer) {
        var start = 0
        for place in urgent {
            peer.write(bytes[start..<place])
            peer.writeUrgent(bytes[place])
            start = place + 1
        }
        peer.write(bytes[start...])
    }

    @Test(arguments: cases) func `an urgent byte arrives in its place`(_ example: Case) throws {
        for places in Self.places {
            let pair = try RelayPair(example.from, example.to)
            let (source, destination) = pair.peers(example.side)
            send(Self.much, urgent: places, from: source)
            source.finishWriting()
            pair.expect(Self.much, at: destination, "\(places)")
            // The other direction lives on.
            destination.write("answer")
            destination.finishWriting()
            pair.expect(Array("answer".utf8), at: source, "\(places)")
        }
    }

    @Test(arguments: cases) func `a short stream with an urgent byte anywhere arrives whole`(_ example: Case) throws {
        let bytes = Array("urgent".utf8)
        for place in bytes.indices {
            let pair = try RelayPair(example.from, example.to)
            let (source, destination) = pair.peers(example.side)
            send(bytes, urgent: [place], from: source)
            pair.harness.run(until: { destination.received == bytes }, idleTurns: 300)
            #expect(destination.received == bytes, "before the end, at \(place)")
            source.finishWriting()
            pair.expect(bytes, at: destination, "\(place)")
        }
    }

    @Test(arguments: cases)
    func `an urgent byte after unread data arrives`(_ example: Case) throws {
        let pair = try RelayPair(example.from, example.to)
        let (source, destination) = pair.peers(example.side)
        destination.reads = false
        let bytes = (0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }
        send(bytes, urgent: [bytes.count - 100_000], from: source)
        pair.harness.settle()
        destination.reads = true
        pair.harness.run(until: { destination.received.count == bytes.count }, idleTurns: 300)
        #expect(destination.received.count == bytes.count)
        source.finishWriting()
        pair.expect(bytes, at: destination)
    }

    @Test(arguments: cases) func `urgent bytes one by one arrive, whatever was read before`(_ example: Case) throws {
        let pair = try RelayPair(example.from, example.to)
        let (source, destination) = pair.peers(example.side)
        var wanted: [UInt8] = []
        for length in [0, 1, 70_000, 200_000, 1, 0, 0, 300_000, 10] {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: wanted.count), count: length)
            source.write(bytes)
            source.writeUrgent(0x21)
            wanted += bytes + [0x21]
            pair.harness.run(until: { destination.received.count == wanted.count }, idleTurns: 300)
            #expect(destination.received == wanted)
        }
        source.finishWriting()
        pair.expect(wanted, at: destination)
    }
}
