// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Services

/// Each call of splice(2) returns 0, EINVAL or ENOMEM in turn, and the first one EAGAIN, for every pair of sockets that is
/// spliced: the peers notice nothing.
// Plain only: a filtered stream is not spliced.
@Suite(.plainOnly) struct RelaySpliceFaultTests {
    private static let pairs: [(SocketKind, SocketKind)] = [
        (.tcp, .tcp), (.tcp, .unixStream), (.unixStream, .tcp), (.unixStream, .unixStream),
    ]

    /// More than it takes to splice.
    private static let much = (0..<400 << 10).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }

    @Test(arguments: pairs, [0, EINVAL, ENOMEM])
    func `a relay survives the failure of each splice`(_ kinds: (SocketKind, SocketKind), number: CInt) throws {
        var call = 1
        while try plays(kinds, failing: call, with: number) { call += 1 }
        #expect(call > 4, "it is spliced, both ways")
    }

    /// Of a write EAGAIN is the truth, since an event follows. Of a read it may be about an urgent byte: RelayUrgentTests.
    @Test(arguments: pairs) func `a splice may find an empty socket`(_ kinds: (SocketKind, SocketKind)) throws {
        #expect(try plays(kinds, failing: 1, with: EAGAIN))
    }

    /// - Returns: whether there was such a call.
    private func plays(_ kinds: (SocketKind, SocketKind), failing call: Int, with number: CInt) throws -> Bool {
        let pair = try RelayPair(kinds.0, kinds.1)
        let reached = FaultInjection.failing(call: call, with: number, of: "splice") {
            for peer in [pair.client, pair.upstream] {
                peer.write(Self.much)
                peer.finishWriting()
            }
            pair.harness.run(until: { pair.client.isOver && pair.upstream.isOver }, idleTurns: 300)
        }
        for peer in [pair.client, pair.upstream] { pair.expect(Self.much, at: peer, "call \(call)") }
        return reached
    }

    @Test func `a channel that is refused three times in a row copies for good`() {
        var channel = RelayChannel()
        channel.mode = .copying(full: 0)
        for _ in 0..<2 {
            channel.refusedToSplice()
            #expect(channel.mode == .copying(full: 0))
        }
        // What was refused was next in the stream, and nothing else.
        channel.filled(1 << 16)
        channel.drained()
        for _ in 0..<2 { channel.refusedToSplice() }
        #expect(channel.mode == .copying(full: 0))
        channel.refusedToSplice()
        #expect(channel.mode == .onlyCopying)
    }

    @Test func `a channel whose destination cannot be spliced to copies for good`() {
        var channel = RelayChannel()
        channel.mode = .copying(full: 0)
        for _ in 0..<3 {
            #expect(channel.mode != .onlyCopying)
            channel.filled(1 << 16)
            channel.refusedToSplice()
        }
        #expect(channel.mode == .onlyCopying)
    }
}
