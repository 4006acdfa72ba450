// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Relays in a daemon that has descriptors for some of them only: each takes two, and two more while it splices.
@Suite struct RelayExhaustionTests {
    private static let clients = 60

    /// How many descriptors the daemon may have. Some of them it may have inherited, wherever the tests are run.
    private static let limit = 64
    private static let wrapper = ["prlimit", "--nofile=\(limit):\(limit)"]

    /// How many descriptors the daemon has left.
    private func room(_ daemon: Usherd) throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.identifier)/fd")
        return Self.limit - names.compactMap { Int($0) }.count { $0 < Self.limit }
    }

    private func configuration(_ address: ServerAddress) -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = "\(address)"
        connect-timeout = "60s"
        """
    }

    @Test func `EMFILE makes clients wait, and all are served later`() throws {
        let server = try GreetingServer("up")
        try withUsherd(configuration(server.address), .init(wrapper: Self.wrapper)) { daemon in
            let address = try daemon.address("front")
            let before = daemon.descriptorCount
            // They come while it sleeps, so that it takes more of them than it has descriptors for their upstreams.
            daemon.send(signal: SIGSTOP)
            var waiting = try (0..<Self.clients).map { _ in try Client(address) }
            daemon.send(signal: SIGCONT)
            let served = try waitFor("somebody who is served") { waiting.first(where: \.hasInput) }
            // Those who have been served stay for now, so not all of the others can be.
            _ = try daemon.record("accept-paused")
            #expect(try served.receiveLine() == "up")
            try served.send("x")
            #expect(try served.receive(exactly: 1) == Array("x".utf8))
            waiting.removeAll { $0 === served }
            served.close()

            while !waiting.isEmpty {
                let index = try waitFor("somebody who is served") { waiting.firstIndex(where: \.hasInput) }
                let client = waiting.remove(at: index)
                #expect(try client.receiveLine() == "up")
                client.close()
            }
            let ends = try daemon.records("close", count: Self.clients)
            #expect(ends.allSatisfy { $0["reason"] == "client-closed" })
            try waitUntil("the upstream has accepted all") { server.accepted == Self.clients }
            // That there was no descriptor here says nothing of the upstream.
            #expect(daemon.records("upstream-down").isEmpty)
            try waitUntil("all descriptors are given back") { daemon.descriptorCount <= before }
        }
    }

    @Test func `without a descriptor for a pipe the relay copies`() throws {
        let server = try Server()
        try withUsherd(configuration(server.address), .init(wrapper: Self.wrapper)) { daemon in
            let address = try daemon.address("front")
            let client = try Client(address)
            let upstream = try server.accept()
            var idle: [Client] = []
            var others: [Client] = []
            while try room(daemon) > 1 {
                idle.append(try Client(address))
                try waitUntil("it is relayed, or cannot be") { try server.hasConnection || room(daemon) < 1 }
                if server.hasConnection { others.append(try server.accept()) }
            }
            let sending = Thread.running {
                try client.send(TestData.tenMebibytes)
                try client.finishWriting()
            }
            #expect(try upstream.receiveAll() == TestData.tenMebibytes)
            try sending.wait()
            upstream.close()
            #expect(try client.receiveAll() == [])
            server.close()
            for one in idle + others + [client] { one.close() }
        }
    }

    @Test func `idle pipes are closed for new connections`() throws {
        let server = try Server(receiveBuffer: 64 << 10)
        try withUsherd("[daemon]\nlanes = 1\n" + configuration(server.address), .init(wrapper: Self.wrapper)) {
            daemon in
            let address = try daemon.address("front")
            let before = try room(daemon)
            // Each of them is in the middle of something at the same time, so each has a pipe.
            let clients = try (0..<before / 4).map { _ in try Client(address) }
            let upstreams = try clients.map { _ in try server.accept() }
            let sending = clients.map { client in
                Thread.running {
                    try client.send(TestData.tenMebibytes)
                    try client.finishWriting()
                }
            }
            let beginnings = try upstreams.map { try $0.receive(exactly: 1 << 20) }
            try waitUntil("all have pipes") { try room(daemon) < 4 }
            let receiving = zip(upstreams, beginnings).map { upstream, beginning in
                Thread.running {
                    let received = try beginning + upstream.receiveAll()
                    #expect(received == TestData.tenMebibytes)
                }
            }
            for thread in sending + receiving { try thread.wait() }
            for client in clients + upstreams { client.close() }
            try daemon.records("close", count: clients.count)

            // Now there is room for as many as if there had never been a pipe, but for what the daemon itself opens for a
            // moment: to tell systemd, or libdispatch to look how busy its threads are.
            let others = try (0..<before / 2 - 1).map { _ in try Client(address) }
            let accepted = try others.map { _ in try server.accept() }
            for client in others + accepted { client.close() }
        }
    }
}
