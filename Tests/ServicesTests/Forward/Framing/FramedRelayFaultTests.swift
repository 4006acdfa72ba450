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

/// Every system call of a framed relay, and of the upstream that it goes to on the same lane, fails once, in each plausible
/// way: whichever it is, nothing is stuck, no descriptor is left, whatever was opened has one close record, and no message
/// is cut or made up.
@Suite struct FramedRelayFaultTests {
    static let numbers: [CInt] = [ECONNRESET, ECONNREFUSED, ENOMEM, EMFILE]

    /// As long as anything lives on by itself, in nanoseconds.
    private static let rest: UInt64 = 50_000_000

    @Test(arguments: numbers) func `a stream to datagrams survives the failure of each call`(number: CInt) throws {
        var call = 1
        while try playsStreams(failing: call, with: number) { call += 1 }
        // To accept, connect, watch, read and write for two connections, twice, is the least that there is.
        #expect(call > 20)
    }

    // Plain only: the test's records come in odd pieces and do not tell a stream that was cut from one that has ended, so a broken
    // upstream leaves half a line, which counts as the last one.
    @Test(.plainOnly, arguments: numbers) func `datagrams to a stream survive the failure of each call`(number: CInt)
        throws
    {
        var call = 1
        while try playsFlows(failing: call, with: number) { call += 1 }
        #expect(call > 15)
    }

    /// - Returns: whether there was such a call.
    private func playsStreams(failing call: Int, with number: CInt) throws -> Bool {
        let harness = try LaneHarness()
        let upstream = try harness.listen([.udp], service: ServiceSettings.echo.factory) {
            $0.flowIdleTimeout = Self.rest
        }[0]
        let socket = try harness.listen([.tcp], service: settings("udp", upstream.address).factory)[0]
        let peers = try (0..<2).map { _ in try harness.connect(to: socket) }
        let reached = FaultInjection.failing(call: call, with: number) {
            peers[0].write("first\nsecond\nth")
            peers[1].write("never\n")
            harness.run(turns: 6)
            peers[0].write("ird\nlast")
            peers[0].finishWriting()
            harness.run(turns: 3)
            peers[1].reset()
            harness.run(turns: 10)
        }
        let lines = String(decoding: peers[0].received, as: UTF8.self).split(separator: "\n")
        // Datagrams may be lost; those that come are whole, and in order.
        var wanted: ArraySlice = ["first", "second", "third", "last"]
        for line in lines {
            let index = try #require(wanted.firstIndex { $0 == line }, "\(line) after call \(call)")
            wanted = wanted[(index + 1)...]
        }
        for peer in peers { peer.close() }
        try expectEnd(of: harness, [socket], call: call, failing: number)
        return reached
    }

    /// - Returns: whether there was such a call.
    private func playsFlows(failing call: Int, with number: CInt) throws -> Bool {
        let harness = try LaneHarness()
        let upstream = try harness.listen([.tcp], service: ServiceSettings.echo.factory)[0]
        let socket = try harness.listen([.udp], service: settings("tcp", upstream.address).factory) {
            $0.flowIdleTimeout = Self.rest
        }[0]
        let peer = try DatagramPeer()
        let reached = FaultInjection.failing(call: call, with: number) {
            for text in ["first", "second", "", "third"] {
                try? peer.send(text, to: socket)
                harness.run(turns: 4)
            }
            harness.run(turns: 6)
        }
        var wanted: ArraySlice = ["first", "second", "", "third"]
        for text in peer.texts() {
            let index = try #require(wanted.firstIndex { $0 == text }, "\(text) after call \(call)")
            wanted = wanted[(index + 1)...]
        }
        try expectEnd(of: harness, [upstream], call: call, failing: number)
        return reached
    }

    /// Memory that this host lacks is waited for, and no upstream is blamed for it.
    private func expectEnd(
        of harness: LaneHarness, _ streams: [ListeningSocket], call: Int, failing number: CInt
    ) throws {
        let closes = try harness.expectEnd(streams, after: call)
        guard number == ENOMEM else { return }
        #expect(!closes.contains { $0["reason"] == "connect-failed" }, "call \(call)")
    }

    private func settings(_ scheme: String, _ address: SocketAddress) throws -> ServiceSettings {
        let origin = SettingOrigin(file: "", place: SourcePlace(line: 1, column: 1))
        let endpoint = try Endpoint(parsing: "\(scheme)://\(address)")
        var settings = ForwardSettings(upstreams: [UpstreamSettings(endpoint: endpoint, origin: origin)])
        settings.framing = .lines
        settings.halfCloseTimeout = .milliseconds(50)
        return .forward(settings)
    }
}
