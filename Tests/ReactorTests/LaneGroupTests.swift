// SPDX-License-Identifier: Apache-2.0

import Addresses
import Dispatch
import Foundation
import LinuxSystem
import Records
import TestSupport
import Testing

@testable import Reactor

@Suite struct LaneGroupTests {
    /// Connections over lanes on threads of their own: all are served, the lanes share them, and each leaves its records.
    @Test func `connections are shared among lanes, and a stop loses none`() throws {
        let log = FileManager.default.temporaryDirectory.appending(path: "usher-lanes-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let writer = try RecordWriter(RecordSettings(destinations: [.file(path: log.path)], format: .json))
        let shared = LaneShared(connectionLimit: 1000) {}
        let lanes = try LaneGroup(count: 3, shared: shared) { writer.makeBuffer() }
        let socket = try ListeningSocket(
            kind: .tcp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
        let listener = ListenerInForce(1, makeService: EchoingService.init)
        lanes.performOnAll { $0.open(listener, sockets: [socket]) }

        let peers = try (0..<120).map { _ in try TestPeer(to: socket) }
        for peer in peers { peer.write("hello") }
        while !peers.allSatisfy({ $0.text == "hello" }) { for peer in peers { peer.pump() } }
        #expect(shared.connections.value == 120)
        #expect(listener.connections.value == 120)
        let loads = lanes.handles.map(\.connections.value)
        #expect(loads.reduce(0, +) == 120)
        #expect(loads.allSatisfy { $0 >= 120 / 3 - 2 * HandOver.tolerance }, "\(loads)")

        #expect(lanes.performOnAllAndWait(timeout: .distantFuture) { $0.stopAccepting() })
        lanes.performOnAll { lane in
            lane.closeAll(because: .stopped, by: .operator)
            lane.end()
        }
        #expect(lanes.join(timeout: .distantFuture))
        #expect(shared.connections.value == 0)
        writer.flush(within: .seconds(60))
        let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.filter { $0.contains("\"event\":\"open\"") }.count == 120)
        #expect(lines.filter { $0.contains("\"event\":\"close\"") }.count == 120)
        withExtendedLifetime(peers) {}
    }

    @Test func `lanes answer heartbeats and notify`() throws {
        let writer = try RecordWriter(RecordSettings(destinations: []))
        let told = DispatchSemaphore(value: 0)
        let shared = LaneShared(connectionLimit: 1) { told.signal() }
        let lanes = try LaneGroup(count: 1, shared: shared) { writer.makeBuffer() }
        #expect(lanes.handles[0].answeredHeartbeat == 0)
        lanes.handles[0].sendHeartbeat(7)
        told.wait()
        #expect(lanes.handles[0].answeredHeartbeat == 7)
        lanes.end()
        #expect(lanes.join(timeout: .distantFuture))
    }

    @Test func `a stop does not wait for a lane that hangs`() throws {
        let writer = try RecordWriter(RecordSettings(destinations: []))
        let lanes = try LaneGroup(count: 1, shared: LaneShared(connectionLimit: 1) {}) { writer.makeBuffer() }
        let release = DispatchSemaphore(value: 0)
        lanes.performOnAll { _ in release.wait() }
        #expect(!lanes.performOnAllAndWait(timeout: .now()) { _ in })
        #expect(!lanes.join(timeout: .now()))
        release.signal()
        lanes.end()
        #expect(lanes.join(timeout: .distantFuture))
    }
}
