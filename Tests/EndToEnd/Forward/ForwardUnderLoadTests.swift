// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// Upstreams that are killed and come back while clients come and go.
@Suite struct ForwardUnderLoadTests {
    /// What clients have met with.
    private final class Log: Sendable {
        struct State {
            var isOver = false
            var served: [String: Int] = [:]
            /// The addresses of those who were broken off.
            var broken: Set<String> = []
        }

        let state = Mutex(State())

        func served(by name: String) -> Int { state.withLock { $0.served[name, default: 0] } }
    }

    /// Connects, says something twice, and leaves, until it is told to stop.
    private func visit(_ address: ServerAddress, _ log: Log) throws {
        while !log.state.withLock({ $0.isOver }) {
            let client = try Client(address)
            do {
                guard let name = try client.receiveLine() else { throw POSIXFailure("recv", 0) }
                for word in ["hello", "again"] {
                    try client.send(word)
                    guard try client.receive(exactly: 5) == Array(word.utf8) else { throw POSIXFailure("recv", 0) }
                }
                log.state.withLock { $0.served[name, default: 0] += 1 }
            } catch is POSIXFailure {
                log.state.withLock { _ = $0.broken.insert(client.name) }
            }
            client.close()
        }
    }

    @Test(arguments: ["", "health = { interval = \"1s\", fall = 1, rise = 1 }\non-down = \"close\""])
    func `an upstream that dies ends only its connections, and is used again later`(more: String) throws {
        let a = try GreetingServer("a")
        let b = try GreetingServer("b")
        let configuration = """
            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = ["\(a.address)", "\(b.address)"]
            balance = "round-robin"
            \(more)
            """
        try withUsherd(configuration) { daemon in
            let address = try daemon.address("front")
            let before = daemon.descriptorCount
            let held = try (0..<4).map { _ in
                let client = try Client(address)
                return (name: try client.receiveLine() ?? "", client: client)
            }
            let log = Log()
            let visitors = (0..<3).map { _ in Thread.running { try visit(address, log) } }
            try waitUntil("both serve") { log.served(by: "a") > 20 && log.served(by: "b") > 20 }

            try a.stop()
            let during = log.served(by: "b")
            try waitUntil("the other one serves on") { log.served(by: "b") > during + 50 }
            for (name, client) in held where name == "a" { try waitUntil("it has ended") { client.isEnded } }
            for (name, client) in held where name == "b" {
                try client.send("still?")
                #expect(try client.receive(exactly: 6) == Array("still?".utf8))
            }

            let back = try waitFor("its address again") { try? GreetingServer("a again", at: a.address) }
            try waitUntil("it is used again") { log.served(by: "a again") > 20 }
            log.state.withLock { $0.isOver = true }
            for visitor in visitors { try visitor.wait() }
            for (_, client) in held { client.close() }
            #expect(back.accepted > 20)

            try waitUntil("all are closed") { daemon.records("close").count == daemon.records("open").count }
            for name in log.state.withLock({ $0.broken }) {
                let close = try daemon.close(of: name)
                #expect(close["upstream"] == a.address.description, "\(close.line)")
            }
            #expect(daemon.records("refused").isEmpty)
            #expect(daemon.records("close").allSatisfy { $0["reason"] != "connect-failed" })
            try waitUntil("nothing is left open") { daemon.descriptorCount <= before + 8 }
        }
    }
}
