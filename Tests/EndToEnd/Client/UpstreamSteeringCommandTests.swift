// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// `usherctl upstream` on a running daemon, with each kind of relay.
@Suite struct UpstreamSteeringCommandTests {
    private func usherctl(_ daemon: Usherd, _ arguments: String...) throws -> CommandResult {
        try run(
            BuiltProgram.path(of: "usherctl"), arguments + ["--control", daemon.directory.appending("control")])
    }

    private func configuration(_ upstreams: [String], _ more: String = "") -> String {
        """
        [daemon]
        lanes = 2

        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [\(upstreams.joined(separator: ", "))]
        \(more)
        """
    }

    private func upstream(_ server: GreetingServer, _ more: String = "") -> String {
        "{ address = \"\(server.address)\"\(more.isEmpty ? "" : ", ")\(more) }"
    }

    /// A client that an upstream has greeted, and the name of that.
    private func greeted(_ daemon: Usherd) throws -> (client: Client, name: String) {
        let client = try Client(daemon.address("front"))
        return (client, try #require(try client.receiveLine()))
    }

    private func expectEcho(_ client: Client) throws {
        try client.send("still?")
        #expect(try client.receive(exactly: 6) == Array("still?".utf8))
    }

    /// Clients that connect, are greeted and leave, one after the other, on a thread of their own.
    private final class Load {
        /// What the threads and the test have in common.
        private final class Shared: Sendable {
            let state = Mutex((isStopped: false, served: 0, failed: 0))
        }

        private let shared = Shared()
        private let threads: [RunningThread]

        init(_ address: ServerAddress, threads count: Int) {
            let shared = shared
            threads = (0..<count).map { _ in
                Thread.running {
                    while !shared.state.withLock({ $0.isStopped }) {
                        do {
                            let client = try Client(address)
                            let isServed = try client.receiveLine() != nil
                            client.close()
                            shared.state.withLock { if isServed { $0.served += 1 } else { $0.failed += 1 } }
                        } catch {
                            shared.state.withLock { $0.failed += 1 }
                        }
                    }
                }
            }
        }

        var served: Int { shared.state.withLock { $0.served } }

        /// Waits until so many more were served.
        func serve(_ count: Int) throws {
            let wanted = served + count
            try waitUntil("\(count) more clients are served") { served >= wanted }
        }

        /// Ends it.
        ///
        /// - Returns: how many clients failed.
        func stop() throws -> Int {
            shared.state.withLock { $0.isStopped = true }
            for thread in threads { try thread.wait() }
            return shared.state.withLock { $0.failed }
        }
    }

    @Test(arguments: ["least-connections", "round-robin", "random", "source-hash", "first"])
    func `under load a drained upstream gets no new connection, and no client fails`(balance: String) throws {
        let (a, b) = (try GreetingServer("a"), try GreetingServer("b"))
        let configuration = configuration([upstream(a), upstream(b)], "balance = \"\(balance)\"")
        try withUsherd(configuration) { daemon in
            let open = try (0..<8).map { _ in try greeted(daemon) }
            // With source-hash or first, all are at one upstream: that is the one to drain.
            let (drained, other) = open.contains { $0.name == "a" } ? (a, b) : (b, a)
            let load = Load(try daemon.address("front"), threads: 3)
            try load.serve(50)
            let address = "\(drained.address)"
            let said = try usherctl(daemon, "upstream", "drain", "front", address)
            #expect(said.text == "\(address) of front gets no new connections\n", "\(said.errors)")
            // What was chosen before the command has ended is accepted by the server soon.
            let before = drained.accepted + 8
            var accepted = drained.accepted
            try load.serve(200)
            #expect(drained.accepted <= before)
            accepted = drained.accepted
            try load.serve(200)
            #expect(drained.accepted == accepted, "not one more")
            for (client, _) in open { try expectEcho(client) }
            try daemon.reload(configuration + "\nidle-timeout = \"1h\"")
            try load.serve(200)
            #expect(drained.accepted == accepted, "the reload has not ended it")
            for (client, _) in open { try expectEcho(client) }
            let status = try usherctl(daemon, "status", "front").text
            #expect(status.contains("    set by an operator: draining\n"), "\(status)")
            let reset = try usherctl(daemon, "upstream", "reset", "front")
            #expect(reset.text == "the configuration is in force again for 1 upstream of front\n")
            try waitUntil("it gets connections again") { drained.accepted > accepted }
            #expect(try load.stop() == 0)
            for (client, _) in open { client.close() }
            try waitUntil("all have left") { other.open == 0 && drained.open == 0 }
            #expect(daemon.records("upstream-down").isEmpty)
            try daemon.verify()
        }
    }

    @Test func `two operators who steer the same upstream under load leave a consistent state`() throws {
        let (a, b) = (try GreetingServer("a"), try GreetingServer("b"))
        try withUsherd(configuration([upstream(a), upstream(b)])) { daemon in
            let load = Load(try daemon.address("front"), threads: 2)
            let path = daemon.directory.appending("control")
            func call(_ state: String, on client: Client) throws {
                try client.send(
                    "{\"method\":\"io.usher.control.SetUpstream\",\"parameters\":{\"listener\":\"front\","
                        + "\"upstream\":\"\(a.address)\",\(state)}}\0")
                var reply: [UInt8] = []
                while reply.last != 0 { reply += try client.receive() }
                #expect(String(decoding: reply.dropLast(), as: UTF8.self) == "{\"parameters\":{}}")
            }
            let operators = (0..<2).map { number in
                Thread.running {
                    let client = try Client(ServerAddress(.unix(path: path)))
                    for turn in 0..<100 {
                        let states = ["\"state\":\"draining\"", "\"state\":\"enabled\"", "\"state\":\"disabled\""]
                        try call(states[(turn + number) % 3], on: client)
                        try call("\"weight\":\(turn % 7)", on: client)
                    }
                }
            }
            for thread in operators { try thread.wait() }
            #expect(try usherctl(daemon, "upstream", "weight", "front", "\(a.address)", "2").succeeded)
            #expect(try usherctl(daemon, "upstream", "disable", "front", "\(a.address)").succeeded)
            let status = try usherctl(daemon, "status", "front").text
            #expect(status.contains("set by an operator: disabled, weight 2 in place of 1\n"), "\(status)")
            let accepted = a.accepted
            try load.serve(100)
            #expect(a.accepted <= accepted + 2, "at most what was on its way")
            #expect(try usherctl(daemon, "upstream", "--reset", "front").succeeded)
            try waitUntil("it gets connections again") { a.accepted > accepted + 20 }
            #expect(try load.stop() == 0)
            try daemon.verify()
            #expect(try daemon.records("operator", count: 403).count == 403)
        }
    }

    @Test func `clients are refused when every upstream is drained, and the reason names the operator`() throws {
        let (a, b) = (try GreetingServer("a"), try GreetingServer("b"))
        try withUsherd(configuration([upstream(a), upstream(b, "backup = true")])) { daemon in
            #expect(try usherctl(daemon, "upstream", "drain", "front", "\(a.address)").succeeded)
            let (client, name) = try greeted(daemon)
            #expect(name == "b", "the backup serves")
            #expect(try usherctl(daemon, "upstream", "disable", "front", "\(b.address)").succeeded)
            let refused = try Client(daemon.address("front"))
            try waitUntil("it is refused") { refused.isEnded }
            let record = try daemon.record("refused")
            #expect(record["rule"] == "usherctl upstream")
            #expect(
                record["reason"]
                    == "an operator has drained, disabled or given weight 0 to every upstream that is not down")
            try waitUntil("STATUS= says so") {
                daemon.status == "1 listener, 1 connection, 2 of 2 upstreams of front drained or disabled"
            }
            let status = try usherctl(daemon, "status", "front").text
            #expect(status.contains("\n  refused: 1 upstreams-withdrawn\n"), "\(status)")
            #expect(status.contains(" draining ") && status.contains(" disabled (backup) "))
            #expect(status.split(separator: "\n").allSatisfy { $0.count <= 80 })
            #expect(daemon.records("upstream-down").isEmpty)
            try expectEcho(client)
            #expect(try usherctl(daemon, "upstream", "enable", "front", "\(a.address)").succeeded)
            #expect(try greeted(daemon).name == "a")
        }
    }

    @Test func `clients in the queue wait for other upstreams, or until one is enabled`() throws {
        let (a, b) = (try GreetingServer("a"), try GreetingServer("b"))
        let limit = "max-connections = 1"
        try withUsherd(configuration([upstream(a, limit), upstream(b, limit)], "queue-timeout = \"10m\"")) { daemon in
            let held = [try greeted(daemon), try greeted(daemon)]
            let atA = try #require(held.first { $0.name == "a" }).client
            let atB = try #require(held.first { $0.name == "b" }).client
            var waiting: [Client] = []
            for count in 3...5 {
                waiting.append(try Client(daemon.address("front")))
                try daemon.records("open", count: count)
            }
            #expect(try usherctl(daemon, "upstream", "drain", "front", "\(a.address)").succeeded)
            atA.close()
            try daemon.records("close", count: 1)
            #expect(waiting.allSatisfy { !$0.hasInput && !$0.isEnded }, "the free place of a is given to nobody")
            atB.close()
            let first = waiting.removeFirst()
            #expect(try first.receiveLine() == "b")
            // Every upstream is taken out: who waits stays, and who comes is refused.
            #expect(try usherctl(daemon, "upstream", "disable", "front", "\(b.address)").succeeded)
            first.close()
            try daemon.records("close", count: 3)
            let late = try Client(daemon.address("front"))
            try waitUntil("it is refused") { late.isEnded }
            #expect(waiting.allSatisfy { !$0.hasInput && !$0.isEnded })
            try daemon.verify()
            #expect(try usherctl(daemon, "upstream", "enable", "front", "\(a.address)").succeeded)
            #expect(try waiting[0].receiveLine() == "a")
            waiting[0].close()
            #expect(try waiting[1].receiveLine() == "a")
            waiting[1].close()
            try waitUntil("all have left") { a.open + b.open == 0 }
            #expect(a.accepted == 3 && b.accepted == 2)
        }
    }

    @Test func `checks of a drained upstream continue, and those of a disabled one stop`() throws {
        let (a, b) = (try GreetingServer("a"), try GreetingServer("b"))
        let checks = "health = { interval = \"100ms\", timeout = \"100ms\", fall = 1, rise = 1 }"
        try withUsherd(configuration([upstream(a), upstream(b)], checks)) { daemon in
            #expect(try usherctl(daemon, "upstream", "drain", "front", "\(a.address)").succeeded)
            let before = a.accepted
            try waitUntil("a is checked") { a.accepted > before + 2 }
            #expect(try usherctl(daemon, "upstream", "disable", "front", "\(a.address)").succeeded)
            // A check may be under way.
            var (ofA, ofB) = (a.accepted, b.accepted)
            try waitUntil("b is checked") { b.accepted > ofB + 2 }
            (ofA, ofB) = (a.accepted, b.accepted)
            try waitUntil("b is checked") { b.accepted > ofB + 5 }
            #expect(a.accepted == ofA)
            try a.stop()
            try waitUntil("b is checked") { b.accepted > ofB + 10 }
            #expect(daemon.records("upstream-down").isEmpty)
            #expect(try usherctl(daemon, "upstream", "enable", "front", "\(a.address)").succeeded)
            #expect(try daemon.record("upstream-down")["upstream"] == "\(a.address)")
        }
    }

    @Test(arguments: ["tcp", "udp"]) func `framed relays and flows keep their upstream, and new ones get another`(
        scheme: String
    ) throws {
        let (a, b) = (try DatagramEcho("a"), try DatagramEcho("b"))
        let listener = framedRelay(
            [a.address, b.address], "lines", "balance = \"first\"", listen: "tcp://127.0.0.1:0")
        let flows = """
            [listener.front]
            listen = "udp://127.0.0.1:0"
            service = "forward"
            to = ["\(a.address)", "\(b.address)"]
            balance = "first"
            """
        try withUsherd(scheme == "tcp" ? listener : flows) { daemon in
            func peer() throws -> (String) throws -> String {
                if scheme == "udp" {
                    let client = try DatagramClient(to: "\(daemon.address("front"))")
                    return {
                        try client.send($0)
                        return try client.receiveText()
                    }
                }
                let client = try Client(daemon.address("front"))
                return {
                    try client.send("\($0)\n")
                    return try #require(try client.receiveLine())
                }
            }
            let old = try peer()
            #expect(try old("1") == "a:1")
            #expect(try usherctl(daemon, "upstream", "drain", "front", a.address).succeeded)
            let new = try peer()
            #expect(try new("2") == "b:2")
            #expect(try old("3") == "a:3")
            #expect(
                try usherctl(daemon, "upstream", "disable", "front", b.address.replacing("udp://", with: "")).succeeded)
            #expect(try new("4") == "b:4")
            #expect(try usherctl(daemon, "upstream", "reset", "front").succeeded)
            #expect(try peer()("5") == "a:5")
        }
    }

    @Test func `the command line and its mistakes`() throws {
        let a = try GreetingServer("a")
        try withUsherd(configuration([upstream(a)])) { daemon in
            let short = "\(a.address)".replacing("tcp://", with: "")
            let weight = try usherctl(daemon, "upstream", "weight", "front", short, "7", "--json")
            #expect(weight.text == "{}\n", "\(weight.errors)")
            let json = try usherctl(daemon, "status", "front", "--json").text
            #expect(json.contains("\"weight\":7,") && json.contains("\"configured_weight\":1,"), "\(json)")
            #expect(try usherctl(daemon, "upstream", "reset", "front", short, "--json").text == "{\"count\":1}\n")
            #expect(try usherctl(daemon, "upstream", "front", "--reset").text == "nothing was set for front\n")
            let unknown = try usherctl(daemon, "upstream", "drain", "front", "tcp://127.0.0.1:1")
            #expect(unknown.end == .exited(1))
            #expect(unknown.errors.hasPrefix("usherctl: listener front has no upstream tcp://127.0.0.1:1"))
            #expect(try usherctl(daemon, "upstream", "drain", "frnt", short).errors.contains("did you mean front?"))
            let wrong = try usherctl(daemon, "upstream", "drian", "front", short)
            #expect(wrong.end == .exited(64))
            #expect(wrong.errors.contains("unknown action drian: did you mean drain?"))
            #expect(try usherctl(daemon, "upstream", "weight", "front", short, "257").end == .exited(64))
            let words = [
                "usherctl", "upstream", "drain", "front", "--control", daemon.directory.appending("control"), "",
            ]
            let completed = try run(
                BuiltProgram.path(of: "usherctl"),
                ["---completion", "upstream", "--", "positional@2", "6", "0"] + words)
            #expect(completed.text == "\(a.address)\n")
        }
    }
}
