// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import TOML
import TestSupport
import Testing

@testable import Services

/// Every system call of a relay, and of the upstream that it goes to on the same lane, fails once, in each plausible way:
/// whichever it is, no connection is stuck, no descriptor is left, every connection that was opened has one close record,
/// and nobody gets bytes that are not theirs.
// Plain only: it lets each of the calls of a spliced relay fail, and a filter is not spliced.
@Suite(.plainOnly) struct RelayFaultTests {
    private static let table: [(SocketKind, SocketKind, CInt)] =
        [ECONNRESET, ENOMEM, EMFILE].map { (.tcp, .tcp, $0) }
        + [ENOMEM].flatMap { [(.unixStream, .tcp, $0), (.tcp, .unixStream, $0)] }

    /// More than it takes to splice: several reads that fill the lane's buffer.
    private static let much = (0..<320 << 10).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }

    @Test(arguments: table)
    func `survives the failure of each system call`(from: SocketKind, to: SocketKind, number: CInt) throws {
        // As the daemon does: splice(2) cannot be told not to raise it.
        signal(SIGPIPE, SIG_IGN)
        var call = 1
        while try plays(from, to, failing: call, with: number) { call += 1 }
        // To accept, connect, watch, read and write for three connections, twice, is the least that there is.
        #expect(call > 30)
    }

    /// Plays a scene while one call fails.
    ///
    /// - Returns: whether there was such a call.
    private func plays(
        _ from: SocketKind, _ to: SocketKind, failing call: Int, with number: CInt
    ) throws -> Bool {
        let harness = try LaneHarness()
        let upstream = try harness.listen([to], service: ServiceSettings.echo.factory)[0]
        let socket = try harness.listen([from], service: settings(to, upstream.address).factory)[0]
        let peers = try (0..<3).map { _ in try harness.connect(to: socket) }
        let reached = FaultInjection.failing(call: call, with: number) {
            peers[0].write("first")
            harness.run(turns: 3)
            peers[0].write(" and last")
            peers[0].finishWriting()
            peers[1].write(Self.much)
            peers[2].write("never")
            harness.run(turns: 4)
            peers[2].reset()
            harness.run(turns: 30)
            peers[1].finishWriting()
            harness.run(turns: 10)
        }
        let texts = peers.map(\.received)
        #expect(Array("first and last".utf8).starts(with: texts[0]), "call \(call)")
        // A debug build compares one byte after the other, unless memcmp(3) does.
        let much = texts[1].count <= Self.much.count && memcmp(Self.much, texts[1], texts[1].count) == 0
        #expect(much, "call \(call)")
        #expect(Array("never".utf8).starts(with: texts[2]), "call \(call)")
        for peer in peers { peer.close() }
        try harness.expectEnd([socket, upstream], after: call)
        return reached
    }

    private func settings(_ kind: SocketKind, _ address: SocketAddress) throws -> ServiceSettings {
        let scheme = kind == .tcp ? "tcp" : "unix"
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        let endpoint = try Endpoint(parsing: "\(scheme)://\(address)")
        return .forward(ForwardSettings(upstreams: [UpstreamSettings(endpoint: endpoint, origin: origin)]))
    }
}
