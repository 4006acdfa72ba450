// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Upstreams, weights, limits, balancing and checks change while connections come and go.
@Suite struct RelayReloadUnderLoadTests {
    private static let reloads = 50
    private static let methods = ["least-connections", "round-robin", "random", "source-hash", "first"]

    /// The nth of the configurations, which differ in all that may change.
    private func configuration(_ number: Int, _ servers: [GreetingServer]) -> String {
        let method = Self.methods[number % Self.methods.count]
        // Not all of them are in it, and not in the same order.
        let members = (0..<servers.count).map { ($0 + number) % servers.count }.prefix(2 + number % 3)
        let upstreams = members.enumerated().map { place, index in
            let weight = method == "first" ? "" : ", weight = \(1 + (number + index) % 4)"
            // Who keeps its connection leaves room for one that comes and goes, even where all four are at this one.
            let limit = (number + index) % 2 == 0 ? ", max-connections = \(5 + number % 4)" : ""
            let backup = place > 0 && number % 7 == 0 ? ", backup = true" : ""
            return "{ address = \"\(servers[index].address)\"\(weight)\(limit)\(backup) }"
        }
        let health = "health = { interval = \"\(10 + number % 3)s\", timeout = \"10s\", expect = \"s\" }"
        return """
            [daemon]
            lanes = 2

            [listener.front]
            listen = "tcp://127.0.0.1:0"
            service = "forward"
            to = [\(upstreams.joined(separator: ", "))]
            balance = "\(method)"
            queue-timeout = "\(60 + number % 3)s"
            on-down = "\(number % 2 == 0 ? "keep" : "close")"
            \(number % 2 == 0 ? health : "")
            """
    }

    @Test func `no connection is lost in 50 reloads`() throws {
        let servers = try (0..<4).map { try GreetingServer("s\($0)") }
        try withUsherd(configuration(0, servers)) { daemon in
            let load = try SteadyLoad(daemon.address("front"), visitors: 4)
            load.keep(4)
            for number in 1...Self.reloads {
                let count = load.now.served.count
                try daemon.reload(configuration(number, servers))
                try waitUntil("visitors are served after reload \(number)") { load.now.served.count >= count + 10 }
            }
            let now = load.now
            #expect(now.lost == [] && now.failed == [])
            #expect(Set(now.served) == ["s0", "s1", "s2", "s3"])
            try load.stop()
            try #expect(daemon.records("reload", count: Self.reloads).count == Self.reloads)
            #expect(daemon.records("reload-failed").isEmpty)
            let ends = try daemon.records("close", count: daemon.records("open").count)
            #expect(ends.allSatisfy { $0["reason"] == "client-closed" })
        }
    }
}
