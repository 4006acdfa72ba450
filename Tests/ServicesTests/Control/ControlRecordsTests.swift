// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Glibc
import LinuxSystem
import Reactor
import Records
import TestSupport
import Testing

@testable import Services

/// Records over the control socket, on a lane of the test's own that serves the other connections too.
struct ControlRecordsTests {
    /// A supervisor that is not asked for anything.
    private final class Plane: ControlPlane {
        let dataLanes: [LaneHandle]
        init(_ lanes: [LaneHandle]) { dataLanes = lanes }
        func submit(_ request: ControlRequest) {}
    }

    private final class Bench {
        let harness: LaneHarness
        let control: ListeningSocket
        let echo: ListeningSocket

        init(operators: ControlService.Operators = .init(user: geteuid(), group: nil)) throws {
            harness = try LaneHarness()
            let plane = Plane([harness.lane.handle])
            control = try harness.listen([.unixStream]) {
                ControlService(plane, operators: operators, version: "1.2.3")
            }[0]
            echo = try harness.listen(service: {
                StatelessService(EchoWorker.init(_:lane:), flow: EchoFlow.init(flow:lane:))
            }) {
                $0.log = []
            }[0]
        }

        func client(_ call: String) throws -> TestPeer {
            let peer = try harness.connect(to: control)
            peer.write(call + "\0")
            return peer
        }

        /// The replies of a client once there are so many, each without its NUL.
        func replies(_ count: Int, to peer: TestPeer) -> [String] {
            #expect(harness.run(until: { peer.received.count { $0 == 0 } >= count || peer.isOver }))
            return peer.received.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        }

        func reply(to call: String) throws -> String { replies(1, to: try client(call)).first ?? "" }

        /// A client of the echo listener that has come and gone.
        func visit() throws {
            let peer = try harness.connect(to: echo)
            peer.write("hello")
            #expect(harness.run(until: { peer.text == "hello" }))
            let (harness, before) = (harness, harness.connections)
            peer.close()
            #expect(harness.run(until: { harness.connections == before - 1 }))
        }
    }

    private func call(_ method: String, _ parameters: String = "{}", more: Bool = false) -> String {
        "{\"method\":\"io.usher.control.\(method)\",\"parameters\":\(parameters)\(more ? ",\"more\":true" : "")}"
    }

    // MARK: - Events

    @Test(arguments: [
        ("Events", "{}", false, "ExpectedMore"),
        ("Events", "{\"events\":[\"clos\"]}", true, "\"parameter\":\"events\""),
        ("Events", "{\"level\":\"loud\"}", true, "\"parameter\":\"level\""),
        ("Events", "{\"listeners\":\"a\"}", true, "InvalidParameter"),
        ("History", "{\"filter\":{\"peer\":\"x\"}}", true, "\"parameter\":\"filter\""),
        ("History", "{\"filter\":{\"reason\":\"x\"}}", true, "\"parameter\":\"filter\""),
        ("History", "{\"limit\":-1}", true, "\"parameter\":\"limit\""),
        ("SetLogLevel", "{}", false, "\"parameter\":\"level\""),
        ("SetLogLevel", "{\"level\":\"loud\"}", false, "\"parameter\":\"level\""),
    ])
    func `a call that is wrong is refused`(method: String, parameters: String, more: Bool, error: String) throws {
        let reply = try Bench().reply(to: call(method, parameters, more: more))
        #expect(reply.contains(error), "\(reply)")
    }

    @Test func `a subscriber gets the records that follow the first, empty reply`() throws {
        let bench = try Bench()
        try bench.visit()
        let json = try bench.client(call("Events", "{\"listener\":\"test\",\"events\":[\"close\"]}", more: true))
        let text = try bench.client(call("Events", "{\"text\":true,\"level\":\"info\"}", more: true))
        #expect(bench.replies(1, to: json) == ["{\"parameters\":{\"records\":[]},\"continues\":true}"])
        #expect(bench.replies(1, to: text).first == "{\"parameters\":{\"records\":[],\"lines\":[]},\"continues\":true}")
        // The listener logs nothing.
        try bench.visit()
        let replies = bench.replies(2, to: json)
        try #require(replies.count == 2)
        #expect(replies[1].hasPrefix("{\"parameters\":{\"records\":[{\"time\":\""))
        #expect(replies[1].hasSuffix("}]},\"continues\":true}"))
        #expect(replies[1].contains("\"event\":\"close\"") && replies[1].contains("\"bytes_in\":5"))
        #expect(bench.harness.run(until: { text.text.contains("close     test        #") }))
        #expect(text.text.contains("open      test        #"))
        #expect(try bench.harness.capturedRecords().allSatisfy { $0["peer"]?.hasPrefix("tcp:") != true })
    }

    @Test func `a subscription ends with its client`() throws {
        let bench = try Bench()
        let peer = try bench.client(call("Events", "{}", more: true))
        let half = try bench.client(call("Events", "{}", more: true))
        #expect(bench.replies(1, to: peer).count == 1 && bench.replies(1, to: half).count == 1)
        let writer = bench.harness.lane.recordWriter
        let buffer = writer.makeBuffer()
        #expect(buffer.showsUnlogged)
        half.finishWriting()
        #expect(bench.harness.run(until: { half.hasEnded }))
        #expect(buffer.showsUnlogged)
        peer.close()
        #expect(bench.harness.run(until: { !buffer.showsUnlogged }))
    }

    @Test func `a subscriber that does not read holds bounded memory, and others get their records`() throws {
        let bench = try Bench()
        let slow = try bench.harness.connect(to: bench.control, receiveBuffer: 2048)
        slow.reads = false
        slow.write(call("Events", "{}", more: true) + "\0")
        let quick = try bench.client(call("Events", "{\"events\":[\"close\"]}", more: true))
        #expect(bench.replies(1, to: quick).count == 1)
        for _ in 0..<300 { try bench.visit() }
        #expect(bench.harness.run(until: { quick.text.count(of: "\"bytes_in\":5,") == 300 }))
        let held = bench.harness.lane.openSessions.compactMap { $0 as? ControlWorker }.map(\.heldBytes)
        #expect(held.allSatisfy { $0 < 100_000 }, "\(held)")
    }

    @Test func `a stop ends subscriptions`() throws {
        let bench = try Bench()
        let peer = try bench.client(call("Events", "{}", more: true))
        #expect(bench.replies(1, to: peer).count == 1)
        bench.harness.lane.stop(1, because: .drained, by: .operator)
        #expect(bench.harness.run(until: { peer.hasEnded }))
    }

    // MARK: - History

    @Test func `the history is sent in parts, the newest first`() throws {
        let bench = try Bench()
        #expect(try bench.reply(to: call("History")) == "{\"parameters\":{\"records\":[],\"capacity\":0}}")
        bench.harness.lane.recordWriter.history.setCapacity(200)
        for _ in 0..<150 { try bench.visit() }
        let whole = try bench.reply(
            to: call("History", "{\"filter\":{\"listener\":\"test\",\"peer\":\"127.0.0.0/8\"}}"))
        #expect(try numbers(whole).count == 150 && whole.hasSuffix("],\"capacity\":200}}"))
        let peer = try bench.client(
            call("History", "{\"filter\":{\"listener\":\"test\",\"peer\":\"127.0.0.0/8\"}}", more: true))
        let replies = bench.replies(3, to: peer)
        try #require(replies.count == 3)
        #expect(replies.map { $0.hasSuffix("\"continues\":true}") } == [true, true, false])
        let parts = try replies.flatMap { try numbers($0) }
        #expect(parts == (try numbers(whole)) && parts == parts.sorted(by: >))
        let few = try bench.reply(to: call("History", "{\"limit\":2,\"filter\":{\"reason\":\"client-closed\"}}"))
        #expect(try numbers(few).count == 2)
        for filter in [
            "\"refused\":true", "\"reason\":\"lifetime\"", "\"peer\":\"192.0.2.0/24\"", "\"service\":\"x\"",
            "\"upstream\":\"tcp://127.0.0.1:1\"", "\"reason\":\"listener-limit\"",
        ] {
            let reply = try bench.reply(to: call("History", "{\"filter\":{\(filter)}}", more: true))
            #expect(reply == "{\"parameters\":{\"records\":[],\"capacity\":200}}")
        }
        #expect(
            try numbers(bench.reply(to: call("History", "{\"filter\":{\"peer\":\"127.0.0.0/8\",\"refused\":false}}")))
                .count == 150)
    }

    private struct Listed: Decodable {
        struct Record: Decodable { let connection: UInt64 }
        let records: [Record]
    }

    private func numbers(_ reply: String) throws -> [UInt64] {
        try ReceivedReply<Listed>(Array(reply.utf8)).parameters.records.map(\.connection)
    }

    // MARK: - Levels

    @Test func `the level is set by operators, and shown to all`() throws {
        let bench = try Bench()
        // One client, since the harness wants a record of the open of each that has one of its close.
        let peer = try bench.client(
            [
                call("LogLevel"), call("SetLogLevel", "{\"level\":\"error\"}"), call("LogLevel"),
                call("SetLogLevel", "{\"level\":\"debug\"}"), call("LogLevel"),
            ].joined(separator: "\0"))
        let levels = { (level: String) in "{\"parameters\":{\"level\":\"\(level)\",\"configured\":\"debug\"}}" }
        #expect(
            bench.replies(5, to: peer)
                == [levels("debug"), "{\"parameters\":{}}", levels("error"), "{\"parameters\":{}}", levels("debug")])
        #expect(try bench.harness.capturedRecords().contains { $0["message"]?.hasSuffix("log-level error") == true })
        let other = try Bench(operators: .init(user: .max, group: nil))
        guard geteuid() != 0 else { return }
        #expect(try other.reply(to: call("SetLogLevel", "{\"level\":\"debug\"}")).contains("PermissionDenied"))
    }
}

extension String {
    /// How often a text is in this one.
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
