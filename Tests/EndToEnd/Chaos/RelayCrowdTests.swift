// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Many relays that have come no further than the beginning.
@Suite struct RelayCrowdTests {
    @Test func `4 000 waiting connections disconnect`() throws {
        let server = try Server()
        let configuration = """
            [log]
            to = "file:$DIR/log"
            format = "json"

            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = [{ address = "\(server.address)", max-connections = 1 }]
            max-connections = 5000
            queue-timeout = "60s"
            queue-limit = 3999
            """
        let daemon = try Usherd(configuration)
        let log = LogReader(daemon.directory.appending("log"))
        func records(_ event: String) -> [LogRecord] {
            log.update()
            return log.records.filter { $0.event == event }
        }
        let address = try waitFor("an address") { records("listening").first?["local"].flatMap { ServerAddress($0) } }
        let before = daemon.descriptorCount
        let first = try Client(address)
        let upstream = try server.accept()
        var crowd = try (0..<4000).map { _ in try Client(address) }
        try waitUntil("all have come") { records("open").count == 4000 && records("refused").count == 1 }

        // Every other one leaves first, so that the line has gaps everywhere.
        for (number, client) in crowd.enumerated() where number % 2 == 0 { client.reset() }
        crowd.removeAll { $0.raw < 0 }
        try waitUntil("every other one has left") { records("close").count >= 1999 }
        // Whoever is left is served: the place is given on.
        first.close()
        upstream.close()
        let next = try server.accept()
        for client in crowd { client.reset() }
        next.close()
        try waitUntil("all have left") { records("close").count == 4000 }
        try waitUntil("all descriptors are given back") { daemon.descriptorCount <= before }

        let last = try Client(address)
        try last.send("x")
        // Others were on their way to the upstream when they left.
        try waitUntil("it is served") { (try? server.accept().receive(atMost: 1))?.isEmpty == false }
        last.close()
        #expect(try daemon.stop() == .exited(0))
        log.update()
        expectOneEndEach(log.records)
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `a stop ends connections that connect, wait or relay`(signal: CInt) throws
    {
        // One fills the place that its backlog has, and from then on nobody is answered.
        let deaf = try Server(backlog: 0)
        let full = try Client(deaf.address)
        let server = try GreetingServer("up")
        let configuration = """
            [daemon]
            drain-timeout = "1s"

            [listener.connects]
            listen = "unix://$DIR/connects"
            service = "forward"
            to = "\(deaf.address)"
            connect-timeout = "60s"

            [listener.waits]
            listen = "unix://$DIR/waits"
            service = "forward"
            to = [{ address = "\(server.address)", max-connections = 1 }]
            queue-timeout = "60s"
            """
        let daemon = try Usherd(configuration)
        let connecting = try (0..<10).map { _ in try Client(daemon.address("connects")) }
        for client in connecting.prefix(5) { try client.send("hello") }
        let working = try Client(daemon.address("waits"))
        #expect(try working.receiveLine() == "up")
        let waiting = try (0..<10).map { _ in try Client(daemon.address("waits")) }
        try daemon.records("open", count: 21)
        #expect(try daemon.stop(signal) == .exited(0), "\(daemon.said)")
        expectOneEndEach(daemon.records)
        let ends = daemon.records("close")
        #expect(ends.count == 21 && ends.allSatisfy { $0["reason"] == "stopped" })
        for client in connecting + waiting + [working, full] { client.close() }
    }
}
