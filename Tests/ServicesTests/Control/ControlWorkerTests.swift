// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Glibc
import LinuxSystem
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import Services

/// The control socket on a lane of the test's own, whose connections it lists too.
struct ControlWorkerTests {
    /// A supervisor that answers when the test says so.
    private final class Plane: ControlPlane {
        let dataLanes: [LaneHandle]
        private let requests = Mutex<[ControlRequest]>([])

        init(_ lanes: [LaneHandle]) { dataLanes = lanes }

        func submit(_ request: ControlRequest) { requests.withLock { $0.append(request) } }

        /// What was asked for and not taken yet.
        var asked: [ControlRequest.Work] { requests.withLock { $0.map(\.work) } }

        func take() -> ControlRequest? { requests.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    /// A lane with a control socket and an echo listener.
    private final class Bench {
        let harness: LaneHarness
        let plane: Plane
        let control: ListeningSocket
        let echo: ListeningSocket

        init(
            operators: ControlService.Operators = .init(user: geteuid(), group: nil), laneTime: UInt64 = .max / 2,
            crowdedTime: UInt64 = .max / 2, silentLane: Bool = false
        ) throws {
            harness = try LaneHarness()
            plane = Plane(silentLane ? [try LaneHandle(number: 1)] : [harness.lane.handle])
            let plane = plane
            control = try harness.listen([.unixStream]) {
                ControlService(
                    plane, operators: operators, version: "1.2.3", laneTime: laneTime, crowdedTime: crowdedTime)
            }[0]
            echo = try harness.listen { StatelessService(EchoWorker.init(_:lane:), flow: EchoFlow.init(flow:lane:)) }[0]
        }

        /// A client that has sent calls.
        func client(_ calls: String...) throws -> TestPeer {
            let peer = try harness.connect(to: control)
            for call in calls { peer.write(call + "\0") }
            return peer
        }

        /// The replies of a client once there are so many, each without its NUL.
        func replies(_ count: Int, to peer: TestPeer) -> [String] {
            #expect(harness.run(until: { peer.received.count { $0 == 0 } >= count || peer.isOver }))
            return peer.received.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        }

        /// The only reply to a call.
        func reply(to call: String) throws -> String { replies(1, to: try client(call)).first ?? "" }

        /// So many clients of the echo listener, each of which has got an answer.
        func connect(_ count: Int) throws -> [TestPeer] {
            let peers = try (0..<count).map { _ in try harness.connect(to: echo) }
            for peer in peers { peer.write("hello") }
            #expect(harness.run(until: { peers.allSatisfy { $0.text == "hello" } }))
            return peers
        }
    }

    private func call(_ method: String, _ parameters: String = "{}", more: Bool = false) -> String {
        "{\"method\":\"io.usher.control.\(method)\",\"parameters\":\(parameters)\(more ? ",\"more\":true" : "")}"
    }

    /// A call that sets something for an upstream.
    private static func set(_ members: String) -> String {
        "{\"method\":\"io.usher.control.SetUpstream\",\"parameters\":{\"listener\":\"a\",\"upstream\":\"b\",\(members)}}"
    }

    @Test(arguments: [
        (set("\"state\":\"draining\""), "upstream drain: b of a"), (set("\"weight\":0"), "upstream weight 0: b of a"),
        (set("\"state\":\"enabled\",\"weight\":256"), "upstream enable and weight 256: b of a"),
        ("{\"method\":\"io.usher.control.ResetUpstream\",\"parameters\":{\"listener\":\"a\"}}", "upstream reset: a"),
    ]) func `steering an upstream leaves a record of what was asked`(call: String, words: String) throws {
        let bench = try Bench()
        let peer = try bench.client(call)
        #expect(bench.harness.run(until: { bench.plane.asked.count == 1 }))
        bench.plane.take()?.finish(.failed(.noSuchUpstream("b", of: "a")))
        let reply = bench.replies(1, to: peer).first
        #expect(reply?.contains("NoSuchUpstream\",\"parameters\":{\"listener\":\"a\",\"upstream\":\"b\"}") == true)
        let records = try bench.harness.capturedRecords().filter { $0.event == "operator" }
        #expect(records.count == 1 && records[0]["message"]?.hasSuffix(" asked for: \(words)") == true)
    }

    @Test func `a client that closes its socket during a drain gives up its place, and a half-close does not`() throws {
        let bench = try Bench()
        let calls = (0..<2).map { _ in
            call("Drain", "{\"listener\":\"a\",\"timeout_us\":2,\"over_us\":18446744073709551615}")
        }
        let (gone, halfClosed) = (try bench.client(calls[0]), try bench.client(calls[1]))
        #expect(bench.harness.run(until: { bench.plane.asked.count == 2 }))
        #expect(bench.plane.asked[0] == .drain(listener: "a", timeout: 2000, spread: .max))
        gone.close()
        halfClosed.finishWriting()
        #expect(bench.harness.run(until: { bench.harness.connections == 1 }))
        let result = ControlResults.Drain(outcome: .drained, ended: 1, closed: 0, left: 0)
        while let request = bench.plane.take() { request.finish(.drained(result)) }
        #expect(
            bench.replies(1, to: halfClosed) == [
                "{\"parameters\":{\"outcome\":\"drained\",\"ended\":1,\"closed\":0,\"left\":0}}"
            ])
    }

    // MARK: - The protocol

    @Test func `a service says what it is and what its interfaces are`() throws {
        let bench = try Bench()
        let info = try bench.reply(to: "{\"method\":\"org.varlink.service.GetInfo\"}")
        #expect(info.contains("\"version\":\"1.2.3\"") && info.contains("io.usher.control"))
        let description = try bench.reply(
            to:
                "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.usher.control\"}}"
        )
        #expect(description.contains("method Status"))
    }

    @Test(arguments: [
        ("{\"method\":\"io.usher.control.Fly\"}", "MethodNotFound"),
        ("{\"method\":\"Fly\"}", "MethodNotFound"),
        ("{\"method\":\"org.example.Fly\"}", "InterfaceNotFound"),
        ("{\"method\":\"io.usher.control.Pause\"}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.Close\",\"parameters\":{\"filter\":{}}}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.Close\",\"parameters\":{\"filter\":{\"peer\":\"x\"}}}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.Reload\",\"parameters\":{\"dry\":1}}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.Explain\",\"parameters\":{\"address\":\"x\"}}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.Config\",\"parameters\":{\"listener\":1}}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.SetUpstream\",\"parameters\":{\"listener\":\"a\"}}", "InvalidParameter"),
        (set("\"state\":\"gone\""), "InvalidParameter"), (set("\"weight\":257"), "\"parameter\":\"weight\""),
        (set("\"weight\":-1"), "\"parameter\":\"weight\""), (set("\"weight\":1e99"), "InvalidParameter"),
        (set("\"weight\":null"), "\"parameter\":\"state\""),
        ("{\"method\":\"io.usher.control.ResetUpstream\",\"parameters\":{\"upstream\":\"b\"}}", "InvalidParameter"),
        ("{\"method\":\"io.usher.control.Drain\",\"parameters\":{\"listener\":\"a\",\"over_us\":1}}", "over_us"),
        (
            "{\"method\":\"io.usher.control.Drain\",\"parameters\":{\"listener\":\"a\",\"timeout_us\":-1}}",
            "InvalidParameter"
        ),
    ]) func `a call that is wrong gets the error of Varlink`(call: String, error: String) throws {
        let bench = try Bench()
        #expect(try bench.reply(to: call).contains(error))
        #expect(bench.plane.asked.isEmpty)
    }

    @Test func `calls that come together are answered one by one, in their order`() throws {
        let bench = try Bench()
        let peer = try bench.client(
            call("Reload"), "{\"method\":\"org.varlink.service.GetInfo\"}", call("Reopen"))
        #expect(bench.harness.run(until: { bench.plane.asked == [.reload] }))
        #expect(peer.received.isEmpty)
        bench.plane.take()?.finish(.failed(.reloadFailed("no")))
        #expect(bench.harness.run(until: { bench.plane.asked == [.reopen] }))
        bench.plane.take()?.finish(.done)
        let replies = bench.replies(3, to: peer)
        #expect(replies.count == 3)
        #expect(replies[0] == "{\"error\":\"io.usher.control.ReloadFailed\",\"parameters\":{\"reason\":\"no\"}}")
        #expect(replies[1].contains("usherd") && replies[2] == "{\"parameters\":{}}")
    }

    @Test func `a one-way call is carried out and not answered`() throws {
        let bench = try Bench()
        let peer = try bench.client("{\"method\":\"io.usher.control.Reopen\",\"oneway\":true}", call("Reopen"))
        #expect(bench.harness.run(until: { bench.plane.asked.count == 1 }))
        bench.plane.take()?.finish(.done)
        #expect(bench.harness.run(until: { bench.plane.asked.count == 1 }))
        bench.plane.take()?.finish(.failed(.stopping))
        #expect(bench.replies(1, to: peer) == ["{\"error\":\"io.usher.control.Stopping\",\"parameters\":{}}"])
    }

    @Test(arguments: ["hello\0", "[]\0", "{\"method\":1}\0", String(repeating: "[", count: 100) + "\0", "\0"])
    func `what is no call ends the connection`(text: String) throws {
        let bench = try Bench()
        let peer = try bench.harness.connect(to: bench.control)
        peer.write(text)
        #expect(bench.harness.run(until: { peer.isOver }))
        #expect(peer.received.isEmpty)
    }

    @Test func `more than 64 KiB without a call end the connection`() throws {
        let bench = try Bench()
        let peer = try bench.harness.connect(to: bench.control)
        peer.write([UInt8](repeating: UInt8(ascii: " "), count: 70_000))
        #expect(bench.harness.run(until: { peer.isOver }))
    }

    @Test(arguments: ["e\u{301}\u{323}", "e\\u0301\\u0323"])
    func `names beyond ASCII are refused before they are compared`(name: String) throws {
        let bench = try Bench()
        _ = try bench.connect(3)
        for call in [
            call("Connections", "{\"filter\":{\"listener\":\"\(name)\"}}"),
            call("Status", "{\"listener\":\"\(name)\"}"),
            "{\"method\":\"\(name).x\"}",
        ] {
            #expect(try bench.reply(to: call).contains("org.varlink.service.InvalidParameter"))
        }
        #expect(bench.plane.asked.isEmpty)
        // The error is not withheld because the call before took no reply.
        let peer = try bench.client(
            "{\"method\":\"org.varlink.service.GetInfo\",\"oneway\":true}", "{\"method\":\"\(name).x\"}")
        #expect(bench.replies(1, to: peer).first?.contains("InvalidParameter") == true)
        // An escaped backslash is no escape.
        #expect(
            try bench.reply(to: call("Connections", "{\"filter\":{\"listener\":\"\\\\u0301\"}}")).contains(
                "\"count\":0"))
    }

    @Test func `a call is answered before its connection is stopped`() throws {
        let bench = try Bench()
        let idle = try bench.client("{\"method\":\"org.varlink.service.GetInfo\"}")
        _ = bench.replies(1, to: idle)
        let peer = try bench.client(call("Reload"))
        #expect(bench.harness.run(until: { bench.plane.asked == [.reload] }))
        bench.harness.lane.stop(1, because: .drained, by: .operator)
        #expect(bench.harness.run(until: { idle.hasEnded }))
        #expect(!peer.isOver)
        bench.plane.take()?.finish(.done)
        #expect(bench.harness.run(until: { peer.hasEnded }))
        #expect(peer.text == "{\"parameters\":{}}\0")
    }

    @Test func `a client that half-closes gets its answer`() throws {
        let bench = try Bench()
        let peer = try bench.client(call("Reopen"))
        peer.finishWriting()
        #expect(bench.harness.run(until: { !bench.plane.asked.isEmpty }))
        bench.plane.take()?.finish(.done)
        #expect(bench.harness.run(until: { peer.hasEnded }))
        #expect(bench.replies(1, to: peer) == ["{\"parameters\":{}}"])
    }

    @Test func `an answer for a client that has gone reaches nobody`() throws {
        let bench = try Bench()
        let peer = try bench.client(call("Reload"))
        #expect(bench.harness.run(until: { bench.plane.asked == [.reload] }))
        peer.close()
        bench.harness.run(turns: 20)
        bench.plane.take()?.finish(.done)
        #expect(bench.harness.run(until: { bench.harness.connections == 0 }))
    }

    // MARK: - Connections

    @Test func `connections are listed in parts, oldest first`() throws {
        let bench = try Bench()
        _ = try bench.connect(600)
        let peer = try bench.client(call("Connections", "{\"filter\":{\"service\":\"listener2\"}}", more: true))
        #expect(bench.replies(1, to: peer).first?.contains("\"count\":0") == true)
        let all = try bench.client(call("Connections", "{\"filter\":{\"older_us\":0}}", more: true))
        #expect(bench.harness.run(until: { all.text.contains("\"count\":602}}") || all.isOver }))
        let replies = bench.replies(3, to: all)
        #expect(replies.count == 3)
        #expect(replies[0].hasSuffix(",\"continues\":true}") && !replies[2].contains("continues"))
        let numbers = try replies.flatMap { try listed(in: $0) }
        #expect(numbers.count == 602 && numbers == numbers.sorted() && Set(numbers).count == 602)
    }

    @Test func `a limit and an order choose which connections are listed`() throws {
        let bench = try Bench()
        let peers = try bench.connect(3)
        peers[1].write("more")
        #expect(bench.harness.run(until: { peers[1].text == "hellomore" }))
        let reply = try bench.reply(
            to: call("Connections", "{\"filter\":{\"peer\":\"127.0.0.0/8\"},\"order\":\"bytes\",\"limit\":1}"))
        #expect(reply.contains("\"bytes_in\":9,\"bytes_out\":9") && reply.contains("\"count\":3}}"))
    }

    @Test func `the order by round-trip time has the times, and Unix sockets last`() throws {
        let bench = try Bench()
        _ = try bench.connect(100)
        let peer = try bench.client(call("Connections", "{\"order\":\"rtt\"}"))
        let reply = try #require(bench.replies(1, to: peer).first)
        let connections = try ReceivedReply<Listed>(Array(reply.utf8)).parameters.connections
        let times = connections.map(\.rttMicroseconds)
        #expect(times.count == 101 && times.last == .some(nil))
        let known = times.compactMap(\.self)
        #expect(known.count == 100 && known == known.sorted(by: >) && known.allSatisfy { $0 > 0 })
        #expect(try !bench.reply(to: call("Connections")).contains("rtt_us"))
    }

    @Test func `only the connections that match are closed, and counted`() throws {
        let bench = try Bench()
        let peers = try bench.connect(100)
        let list = try bench.reply(to: call("Connections", "{\"limit\":2}"))
        let numbers = try listed(in: list)
        let filter = "{\"filter\":{\"numbers\":\(numbers)}"
        #expect(try bench.reply(to: call("Close", filter + ",\"dry_run\":true}")) == "{\"parameters\":{\"count\":2}}")
        #expect(peers.allSatisfy { !$0.isOver })
        #expect(try bench.reply(to: call("Close", filter + "}")) == "{\"parameters\":{\"count\":2}}")
        #expect(bench.harness.run(until: { peers.count { $0.isOver } == 2 }))
        let closes = try bench.harness.capturedRecords().filter {
            $0.event == "close" && $0["reason"] == "closed-by-operator"
        }
        #expect(closes.count == 2 && closes.allSatisfy { $0["by"] == "operator" })
    }

    @Test func `a connection is looked at, whichever slot it has`() throws {
        let bench = try Bench()
        _ = try bench.connect(600)
        let numbers = try [0, 500].map { skipped in
            let list = try bench.client(call("Connections", more: true))
            #expect(bench.harness.run(until: { list.text.contains("\"count\":\(601 + skipped / 500)}}") }))
            return try bench.replies(3, to: list).flatMap { try listed(in: $0) }[skipped]
        }
        for number in numbers {
            let reply = try bench.reply(to: call("Show", "{\"number\":\(number)}"))
            let shown = try ReceivedReply<ControlResults.Show>(Array(reply.utf8)).parameters
            #expect(shown.connection.number == number && shown.connection.bytesIn == 5)
            let client = try #require(shown.detail.client)
            #expect(client.tcp?.state == .established && client.held == 0 && client.receiveQueue == 0)
            #expect(client.tcp?.receivedMicroseconds != nil && client.tcp?.sentMicroseconds != nil)
            #expect(shown.detail.upstream == nil && shown.detail.relaying == nil)
        }
        let none = try bench.reply(to: call("Show", "{\"number\":\(UInt64.max)}"))
        #expect(
            none == "{\"error\":\"io.usher.control.NoSuchConnection\",\"parameters\":{\"number\":\(UInt64.max)}}")
    }

    @Test func `at most four calls go through the connections at a time`() throws {
        let bench = try Bench()
        _ = try bench.connect(10)
        let clients = try (0..<12).map { _ in try bench.client(call("Connections", more: true)) }
        clients[5].close()
        let others = clients.enumerated().filter { $0.offset != 5 }.map(\.element)
        #expect(bench.harness.run(until: { others.allSatisfy { $0.received.last == 0 } }))
        #expect(others.allSatisfy { $0.text.contains("\"count\":") })
    }

    @Test func `a client that does not read holds one reply, and is closed in the end`() throws {
        let bench = try Bench()
        _ = try bench.connect(300)
        let peer = try bench.harness.connect(to: bench.control, receiveBuffer: 2048)
        peer.reads = false
        for _ in 0..<200 { peer.write(call("Connections", more: true) + "\0") }
        bench.harness.run(turns: 400)
        #expect(try bench.reply(to: "{\"method\":\"org.varlink.service.GetInfo\"}").contains("usherd"))
        #expect(
            bench.harness.lane.openSessions.compactMap { $0 as? ControlWorker }.allSatisfy { $0.heldBytes < 300_000 })
    }

    @Test func `lists that nobody reads are given up when others wait`() throws {
        let bench = try Bench(crowdedTime: 1_000_000)
        _ = try bench.connect(1200)
        func idler() throws -> TestPeer {
            let peer = try bench.harness.connect(to: bench.control, receiveBuffer: 2048)
            peer.reads = false
            peer.write(call("Connections", more: true) + "\0")
            return peer
        }
        let idlers = try (0..<20).map { _ in try idler() }
        let peer = try bench.client(call("Connections", "{\"limit\":3}"))
        #expect(try listed(in: bench.replies(1, to: peer).first ?? "").count == 3)
        let holding = bench.harness.lane.openSessions.compactMap { $0 as? ControlWorker }.count { $0.heldBytes > 0 }
        #expect(holding <= ControlService.mostVisits, "\(idlers.count) clients do not read")
        let closes = try bench.harness.capturedRecords().filter { $0.event == "close" }
        #expect(closes.contains { $0["reason"] == "slow-reader" })
        // While nobody waits, there is time.
        let slow = try idler()
        bench.harness.run(turns: 200)
        slow.reads = true
        #expect(bench.harness.run(until: { slow.text.contains("}],\"count\":") && slow.received.last == 0 }))
        #expect(!slow.isOver)
    }

    @Test func `a lane that does not answer is named`() throws {
        let bench = try Bench(laneTime: 1_000_000, silentLane: true)
        #expect(try bench.reply(to: call("Connections")).contains("io.usher.control.LaneSilent"))
        // The next one finds its place free.
        for _ in 0..<5 { #expect(try bench.reply(to: call("Connections")).contains("\"lane\":1")) }
    }

    @Test func `a status has the bytes of open connections`() throws {
        let bench = try Bench()
        _ = try bench.connect(2)
        let peer = try bench.client(call("Status"))
        #expect(bench.harness.run(until: { bench.plane.asked == [.status(listener: nil)] }))
        var listener = ListenerStatus(name: "echo", service: "echo", state: .listening)
        listener.bytesIn = 100
        let daemon = DaemonStatus(
            version: "1", pid: 1, started: 1, configuration: "/c", loaded: 1, reload: nil, state: .serving,
            connections: 2,
            peak: 2, limit: 10, lanes: [])
        bench.plane.take()?.finish(.status(.init(daemon: daemon, listeners: [listener]), identifiers: [2]))
        #expect(bench.replies(1, to: peer).first?.contains("\"bytes_in\":110,\"bytes_out\":10") == true)
    }

    @Test func `turns are measured while there is a client`() throws {
        let bench = try Bench()
        let turns = bench.harness.lane.handle.turnTimes
        #expect(!turns.isMeasured)
        let peer = try bench.client("{\"method\":\"org.varlink.service.GetInfo\"}")
        _ = bench.replies(1, to: peer)
        #expect(turns.isMeasured)
        peer.close()
        #expect(bench.harness.run(until: { bench.harness.connections == 0 }))
        #expect(!turns.isMeasured && turns.histogram.count > 0)
    }

    private struct Listed: Decodable {
        let connections: [ConnectionStatus]
    }

    private func listed(in reply: String) throws -> [UInt64] {
        try ReceivedReply<Listed>(Array(reply.utf8)).parameters.connections.map(\.number)
    }
}

/// Who may change something.
struct ControlOperatorsTests {
    private let operators = ControlService.Operators(user: 500, group: 60)

    @Test(
        arguments: [
            (0, 0, [], true), (500, 1, [], true), (7, 60, [], true), (7, 1, [4, 60], true), (7, 1, [4], false),
            (7, 500, [0], false),
        ] as [(UInt32, UInt32, [UInt32], Bool)])
    func `root, the daemon's user and the group may`(uid: UInt32, gid: UInt32, groups: [UInt32], may: Bool) {
        let caller = PeerCredentials(pid: 1, uid: uid, gid: gid)
        #expect(operators.include(caller, groups: { groups }) == may)
    }

    @Test func `without a group, or without credentials, others may not`() {
        let caller = PeerCredentials(pid: 1, uid: 7, gid: 60)
        #expect(!ControlService.Operators(user: 500, group: nil).include(caller, groups: { [60] }))
        #expect(!operators.include(nil, groups: { [60] }))
    }
}
