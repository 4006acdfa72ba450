// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Glibc
import LinuxSystem
import Reactor
import TestSupport
import Testing

@testable import Services

/// Every system call that the daemon makes for a service fails once, in each plausible way: whichever it is, no
/// connection is stuck, no descriptor is left, and every connection that was opened has one close record.
@Suite struct ServiceFaultTests {
    private static let table: [(ServiceSettings, CInt)] = [
        ServiceSettings.echo, .discard, .daytime, .time, .chargen, .chat,
    ].flatMap { settings in [ECONNRESET, ENOMEM, EPIPE].map { (settings, $0) } }

    @Test(arguments: table)
    func `survives the failure of each system call`(settings: ServiceSettings, number: CInt) throws {
        var call = 1
        while try plays(settings, failing: call, with: number) { call += 1 }
        // Three connections: to accept, watch, read, send and shut down is the least that there is.
        #expect(call > 10)
    }

    /// Plays a scene while one call fails.
    ///
    /// - Returns: whether there was such a call.
    private func plays(_ settings: ServiceSettings, failing call: Int, with number: CInt) throws -> Bool {
        let harness = try LaneHarness()
        let socket = try harness.listen([.tcp], service: settings.factory)[0]
        let port = try #require(socket.address.port)
        let peers = try (0..<3).map { _ in try harness.connect(to: socket) }
        let reached = FaultInjection.failing(call: call, with: number) {
            harness.run(until: { false }, idleTurns: 2)
            peers[0].write("first line\n/nick ann\n")
            peers[1].write("/who\nsecond")
            peers[1].finishWriting()
            harness.run(until: { false }, idleTurns: 4)
            peers[0].write("/quit\n")
            peers[2].reset()
            harness.run(until: { false }, idleTurns: 4)
            peers[0].finishWriting()
            harness.run(until: { false }, idleTurns: 2)
        }
        for peer in peers { peer.close() }
        // A listener that could not accept tries again after a while, and finds those that are gone by then.
        let isQuiet = harness.run(until: { harness.connections == 0 && Self.sockets(on: port).waiting == 0 })
        #expect(isQuiet, "a connection is stuck after call \(call)")
        #expect(Self.sockets(on: port).open == 0, "a descriptor is left after call \(call)")
        let records = try harness.capturedRecords()
        let opened = records.filter { $0.event == "open" }.compactMap { $0.number("connection") }
        let closed = records.filter { $0.event == "close" }.compactMap { $0.number("connection") }
        #expect(opened.sorted() == closed.sorted(), "call \(call)")
        #expect(Set(closed).count == closed.count, "call \(call)")
        return reached
    }

    /// The sockets of connections to a port, apart from the clients' own: those that a process holds, and those that
    /// wait to be accepted (proc(5), `/proc/net/tcp`).
    private static func sockets(on port: UInt16) -> (open: Int, waiting: Int) {
        var open = 0
        var waiting = 0
        let hexadecimal = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
        let table = (try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? ""
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[1].hasSuffix(suffix) else { continue }
            let isListening = fields[3] == "0A"
            if isListening {
                // The receive queue of a listening socket is its backlog.
                waiting += Int(fields[4].split(separator: ":").last ?? "0", radix: 16) ?? 0
            } else if fields[9] != "0" {
                open += 1
            }
        }
        return (open, waiting)
    }
}
