// SPDX-License-Identifier: Apache-2.0

import Addresses
import Foundation
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Reactor

/// Greets nobody, and reads nothing.
private final class SilentWorker: Worker {}

private final class SilentService: Service {
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        SilentWorker(seed, lane: lane)
    }
}

@Suite struct AcceptorTests {
    private static let shortages: [(CInt, String)] = [
        (EMFILE, "LimitNOFILE="), (ENFILE, "fs.file-max"), (ENOMEM, "free"), (ENOBUFS, "free"),
        (EPERM, "SystemCallFilter="), (EACCES, "SystemCallFilter="), (4711, "SystemCallFilter="),
    ]

    @Test(arguments: shortages)
    func `a shortage or refusal of this host pauses the listener, which resumes`(
        row: (CInt, String)
    ) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: SilentService.init)[0]
        let client = try harness.connect(to: socket)
        let reached = FaultInjection.failing(call: 1, with: row.0) { harness.run(turns: 1) }
        #expect(reached)
        let paused = try harness.capturedRecords().filter { $0.event == "accept-paused" }
        #expect(paused.count == 1)
        #expect(paused.first?["message"]?.contains(row.1) == true, "\(paused.first?["message"] ?? "")")
        #expect(harness.run(until: { harness.connections == 1 }))
        client.close()
    }

    @Test(arguments: [
        ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
        ETIMEDOUT,
    ])
    func `an error of one connection does not delay the next`(number: CInt) throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: SilentService.init)[0]
        let client = try harness.connect(to: socket)
        #expect(FaultInjection.failing(call: 1, with: number) { harness.run(turns: 2) })
        #expect(harness.connections == 1)
        #expect(try harness.capturedRecords().allSatisfy { $0.event != "accept-paused" })
        client.close()
    }

    @Test func `a passed socket that stops listening is logged once`() throws {
        let harness = try LaneHarness()
        let own = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions(backlog: 16))
        let passed = try ListeningSocket(adopting: OwnedDescriptor(adopting: dup(own.raw)))
        harness.lane.open(
            ListenerInForce(7, makeService: SilentService.init), sockets: [passed])
        shutdown(own.raw, CInt(SHUT_RDWR))
        harness.run(turns: 5)
        let failed = try harness.capturedRecords().filter { $0.event == "failed" }
        #expect(failed.count == 1)
        #expect(failed.first?["message"]?.contains("the socket that systemd passed is no longer listening") == true)
        let other = try harness.listen(service: SilentService.init)[0]
        let client = try harness.connect(to: other)
        #expect(harness.run(until: { harness.connections == 1 }))
        client.close()
    }

    @Test func `a socket that another program shut down listens again, with a record`() throws {
        let harness = try LaneHarness()
        let socket = try harness.listen(service: SilentService.init)[0]
        for count in 1...2 {
            // What `ss --kill` does to a socket that listens.
            shutdown(socket.raw, CInt(SHUT_RDWR))
            harness.run(turns: 3)
            let client = try harness.connect(to: socket)
            #expect(harness.run(until: { harness.connections == count }))
            harness.run(turns: 3)
            withExtendedLifetime(client) {}
        }
        let warnings = try harness.capturedRecords().filter { $0.event == "warning" }
        #expect(warnings.count == 2)
        #expect(warnings.first?["message"]?.hasSuffix("usherd listens on it again") == true)
    }

    @Test func `a socket of our own that cannot listen again ends the process`() async {
        await #expect(processExitsWith: .exitCode(70)) {
            let harness = try LaneHarness()
            let socket = try harness.listen(service: SilentService.init)[0]
            shutdown(socket.raw, CInt(SHUT_RDWR))
            _ = FaultInjection.failing(call: 1, with: EADDRINUSE, of: "listen") { harness.run(turns: 10) }
        }
    }

    @Test func `a connection whose descriptor cannot be watched ends the process`() async {
        await #expect(processExitsWith: .exitCode(70)) {
            let harness = try LaneHarness()
            let socket = try harness.listen(service: SilentService.init)[0]
            let client = try harness.connect(to: socket)
            _ = FaultInjection.failing(call: 1, with: EBADF, of: "epoll_ctl") { harness.run(turns: 10) }
            client.close()
        }
    }

    @Test func `a descriptor that is watched twice ends the process`() async {
        await #expect(processExitsWith: .exitCode(70)) {
            let harness = try LaneHarness()
            let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            try harness.lane.watch(Pollable(), raw, for: .input)
            try? harness.lane.watch(Pollable(), raw, for: .input)
        }
    }
}
