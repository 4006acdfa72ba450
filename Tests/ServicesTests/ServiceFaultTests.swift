// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

/// Every system call that the daemon makes for a service fails once, in each plausible way: whichever it is, no
/// connection is stuck, no descriptor is left, and every connection that was opened has one close record.
@Suite struct ServiceFaultTests {
    /// A service, the kind of its sockets, and what the call fails with. A Unix socket holds little, so chargen soon has
    /// to wait for room, and makes few calls.
    private static let table: [(ServiceSettings, SocketKind, CInt)] = [
        (ServiceSettings.echo, SocketKind.tcp), (.discard, .tcp), (.daytime, .tcp), (.time, .tcp),
        (.chargen, .unixStream), (.chat, .tcp), (.chat, .unixSeqpacket),
    ].flatMap { service in [ECONNRESET, ENOMEM, EPIPE].map { (service.0, service.1, $0) } }

    @Test(arguments: table)
    func `survives the failure of each system call`(settings: ServiceSettings, kind: SocketKind, number: CInt) throws {
        var call = 1
        while try plays(settings, kind, failing: call, with: number) { call += 1 }
        // Three connections: to accept, to watch and to read each is the least that there is.
        #expect(call > 9)
    }

    /// Plays a scene while one call fails.
    ///
    /// - Returns: whether there was such a call.
    private func plays(
        _ settings: ServiceSettings, _ kind: SocketKind, failing call: Int, with number: CInt
    ) throws -> Bool {
        let harness = try LaneHarness()
        let socket = try harness.listen([kind], service: settings.factory)[0]
        let peers = try (0..<3).map { _ in try harness.connect(to: socket) }
        for peer in peers { peer.reads = settings != .chargen }
        let reached = FaultInjection.failing(call: call, with: number) {
            harness.run(turns: 2)
            peers[0].write("first line\n/nick ann\n")
            peers[1].write("/who\nsecond")
            peers[1].finishWriting()
            harness.run(turns: 3)
            peers[0].write("/quit\n")
            peers[2].reset()
            for peer in peers { peer.reads = true }
            harness.run(turns: 2)
            peers[0].finishWriting()
            harness.run(turns: 2)
        }
        for peer in peers { peer.close() }
        try harness.expectEnd([socket], after: call)
        return reached
    }
}
