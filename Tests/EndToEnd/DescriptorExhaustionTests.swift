// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A daemon that may have 64 descriptors, and more clients than that.
@Suite struct DescriptorExhaustionTests {
    private let echo = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
        service = "echo"
        """

    @Test func `EMFILE on accept pauses the listener, and all clients are served later`() throws {
        try withUsherd(echo, .init(wrapper: ["prlimit", "--nofile=64:64"])) { daemon in
            let warning = try daemon.record("warning")
            #expect(warning["message"]?.contains("64 descriptors") == true)

            let addresses = try [daemon.address("echo", 0), daemon.address("echo", 1)]
            // They come while it sleeps: so neither backlog is ever empty before there are no descriptors left.
            daemon.send(signal: SIGSTOP)
            let clients = try (0..<160).map { try Client(addresses[$0 % 2]) }
            for (number, client) in clients.enumerated() { try client.send("number \(number)\n") }
            daemon.send(signal: SIGCONT)

            let paused = try daemon.record("accept-paused")
            #expect(paused["errno"] == "EMFILE")
            #expect(paused["level"] == "warning")
            #expect(paused["listener"] == "echo")
            #expect(paused["message"]?.contains("LimitNOFILE=") == true)
            // As long as nobody goes it is no news; a connection more does not make it one.
            let late = try Client(addresses[0])
            try late.send("late\n")
            let served = daemon.records("open").count
            #expect(served < 64)
            #expect(daemon.records("accept-paused").count == 1)
            #expect(daemon.records("accept-resumed").isEmpty)

            // Which of the two sockets is accepted from first is not said, so whoever has its answer goes.
            var waiting = zip(clients + [late], (0..<160).map { "number \($0)" } + ["late"]).map { ($0, $1) }
            try waitUntil("everybody has been served") {
                for (client, line) in waiting where client.hasInput {
                    let answer = try client.receiveLine()
                    #expect(answer == line)
                    client.close()
                }
                waiting.removeAll { $0.0.raw < 0 }
                return waiting.isEmpty
            }
            try daemon.records("close", count: clients.count + 1)
            _ = try daemon.record("accept-resumed")
            #expect(daemon.records("refused").isEmpty)
        }
    }

    @Test func `a repeated shortage of descriptors writes few records`() throws {
        try withUsherd(echo, .init(wrapper: ["prlimit", "--nofile=64:64"])) { daemon in
            let address = try daemon.address("echo")
            let clients = try (0..<200).map { _ in try Client(address) }
            for client in clients { try client.send("x") }
            _ = try daemon.record("accept-paused")
            for client in clients {
                #expect(try client.receive(exactly: 1) == Array("x".utf8))
                client.close()
            }
            try daemon.records("close", count: clients.count)
            try waitUntil("every shortage is over") {
                daemon.records("accept-paused").count == daemon.records("accept-resumed").count
            }
            // It is one shortage, however often a descriptor is freed and taken again in its course.
            #expect(daemon.records("accept-paused").count <= 3)
        }
    }
}
