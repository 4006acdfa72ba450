// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Upstreams on hosts of their own that die, come back, cannot be reached and can again, while connections go to them.
@Suite(.serialized, .enabled(if: TestNetwork.isAvailable, "needs root, for network namespaces: ip-netns(8)"))
struct PartitionTests {
    private static let names = ["first", "second", "third"]

    /// Greets with a name, and returns what comes.
    private static let upstream = """
        import socket, sys, threading
        def serve(connection):
            try:
                connection.sendall((sys.argv[1] + "\\n").encode())
                while data := connection.recv(65536): connection.sendall(data)
            except OSError: pass
            connection.close()
        listening = socket.create_server((sys.argv[2], 7000), backlog=128)
        print("listening", flush=True)
        while True: threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
        """

    /// Starts an upstream, and waits until it listens.
    private func start(_ index: Int, in network: TestNetwork) throws -> ChildProcess {
        let directory = try TemporaryDirectory()
        let output = try OpenFile(directory.appending("output"), O_WRONLY | O_CREAT)
        let command =
            network.wrapper(of: index) + [
                "python3", "-c", Self.upstream, Self.names[index], network.address(of: index),
            ]
        let process = try ChildProcess(command[0], Array(command[1...]), descriptors: [1: output.raw])
        try waitUntil("\(Self.names[index]) listens") { directory.read("output") == "listening\n" }
        return process
    }

    @Test func `a network partition ends only the connections of that upstream`() throws {
        let network = try TestNetwork(upstreams: 3)
        var upstreams = try Self.names.indices.map { try start($0, in: network) }
        let endpoints = Self.names.indices.map { "tcp://\(network.address(of: $0)):7000" }
        let configuration = """
            [listener.front]
            listen = "unix://$DIR/front"
            service = "forward"
            to = [\(endpoints.map { "\"\($0)\"" }.joined(separator: ", "))]
            connect-timeout = "1s"
            on-down = "close"
            health = { interval = "1s", timeout = "1s", rise = 2, fall = 2, expect = "\\n" }
            """
        let daemon = try Usherd(configuration, .init(wrapper: network.wrapper))
        let load = try SteadyLoad(daemon.address("front"), visitors: 3)

        func waitForAll() throws {
            try waitUntil("all upstreams are served to visitors, of whom none fails") {
                let now = load.now
                if now.failed.isEmpty { return Set(now.served) == Set(Self.names) }
                load.forget()
                return false
            }
        }
        func change(_ event: String, of index: Int, after count: Int) throws {
            try waitUntil("\(event) of \(endpoints[index]) in:\n\(daemon.said)") {
                daemon.records(event).filter { $0["upstream"] == endpoints[index] }.count > count
            }
        }
        func changes(_ event: String, of index: Int) -> Int {
            daemon.records(event).filter { $0["upstream"] == endpoints[index] }.count
        }
        /// What has to be true after an upstream has failed and was found to have.
        func expectOnlyLost(_ index: Int) throws {
            let before = load.now
            #expect(Set(before.lost + before.failed).subtracting([Self.names[index], ""]).isEmpty, "others were hurt")
            try waitUntil("all have found another upstream") {
                let kept = load.now.kept
                return kept.count == 9 && !kept.values.contains(Self.names[index])
            }
            load.forget()
            try waitUntil("visitors come and go") { load.now.served.count >= 100 }
            let after = load.now
            #expect(after.failed.isEmpty && after.lost.isEmpty, "somebody came to the upstream that is down")
            #expect(!after.served.contains(Self.names[index]))
        }

        try waitForAll()
        load.keep(9)
        try waitUntil("each upstream has connections that are kept") {
            let kept = load.now.kept.values
            return kept.count == 9 && Set(kept) == Set(Self.names)
        }

        // Dies.
        load.forget()
        var downs = changes("upstream-down", of: 1)
        var ups = changes("upstream-up", of: 1)
        upstreams[1].send(signal: SIGKILL)
        _ = try upstreams[1].waitForEnd()
        try change("upstream-down", of: 1, after: downs)
        try expectOnlyLost(1)

        // Comes back.
        upstreams[1] = try start(1, in: network)
        try change("upstream-up", of: 1, after: ups)
        try waitForAll()

        // Cannot be reached.
        load.forget()
        downs = changes("upstream-down", of: 2)
        ups = changes("upstream-up", of: 2)
        let hadConnections = load.now.kept.values.contains(Self.names[2])
        #expect(hadConnections)
        try network.cut(2)
        // Nobody knows yet; who comes to one of the others is served all the same.
        try waitUntil("visitors are served by the others") { Set(load.now.served.suffix(20)).count == 2 }
        try change("upstream-down", of: 2, after: downs)
        try expectOnlyLost(2)

        // Can be reached again.
        try network.mend(2)
        try change("upstream-up", of: 2, after: ups)
        try waitForAll()

        try load.stop()
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
        expectOneEndEach(daemon.records)
        let reasons = Dictionary(grouping: daemon.records("close")) { $0["upstream"] ?? "" }
            .mapValues { Set($0.compactMap { $0["reason"] }) }
        #expect(reasons[endpoints[0]] == ["client-closed"])
        let ofTheKilled = try #require(reasons[endpoints[1]])
        // Of a process that is killed the listening socket may be gone for a while before its connections are: then it is
        // known to be down before they end, and they end by that.
        #expect(
            ofTheKilled.subtracting(["client-closed", "upstream-closed", "reset-by-upstream", "upstream-down"]) == [])
        #expect(reasons[endpoints[2]] == ["client-closed", "upstream-down"])
        #expect(reasons[""] == nil, "somebody came to nobody")
    }
}
