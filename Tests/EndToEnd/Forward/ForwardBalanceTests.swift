// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Who gets which upstream.
@Suite struct ForwardBalanceTests {
    private func configuration(_ upstreams: [String], _ more: String) -> String {
        """
        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [\(upstreams.joined(separator: ", "))]
        \(more)
        """
    }

    private func servers(_ names: String...) throws -> [GreetingServer] { try names.map { try GreetingServer($0) } }

    private func plain(_ servers: [GreetingServer]) -> [String] { servers.map { "\"\($0.address)\"" } }

    /// The name of the upstream that a new connection gets, which is closed again, in its own time.
    private func visit(_ daemon: Usherd, from source: String? = nil) throws -> String {
        let client = try Client(
            daemon.address("front"), from: source.map { ServerAddress(.ip(host: $0, port: 0)) })
        let name = try client.receiveLine()
        client.close()
        return name ?? ""
    }

    @Test func `round robin keeps the order`() throws {
        let servers = try servers("a", "b", "c")
        try withUsherd(configuration(plain(servers), "balance = \"round-robin\"")) { daemon in
            let names = try (0..<9).map { _ in try visit(daemon) }
            #expect(names == ["a", "b", "c", "a", "b", "c", "a", "b", "c"])
        }
    }

    @Test func `weights are kept exactly, and spread`() throws {
        let servers = try servers("a", "b", "none")
        let upstreams = zip(servers, [3, 1, 0]).map { "{ address = \"\($0.address)\", weight = \($1) }" }
        try withUsherd(configuration(upstreams, "balance = \"round-robin\"")) { daemon in
            for _ in 0..<3 {
                let names = try (0..<4).map { _ in try visit(daemon) }
                #expect(names.sorted() == ["a", "a", "a", "b"])
            }
        }
    }

    @Test func `least-connections chooses the upstream with the fewest`() throws {
        let servers = try servers("a", "b", "c")
        try withUsherd(configuration(plain(servers), "")) { daemon in
            let address = try daemon.address("front")
            var held: [(name: String, client: Client)] = []
            for _ in 0..<6 {
                let client = try Client(address)
                held.append((try #require(try client.receiveLine()), client))
            }
            #expect(held.map(\.name).sorted() == ["a", "a", "b", "b", "c", "c"])
            for name in ["b", "c", "a", "a"] {
                let index = try #require(held.firstIndex { $0.name == name })
                let gone = held.remove(at: index).client
                gone.close()
                _ = try daemon.close(of: gone.name)
                let client = try Client(address)
                let next = try #require(try client.receiveLine())
                #expect(next == name)
                held.append((next, client))
            }
            for (_, client) in held { client.close() }
        }
    }

    @Test func `random uses all upstreams and prefers less loaded ones`() throws {
        let servers = try servers("a", "b", "c", "d")
        try withUsherd(configuration(plain(servers), "balance = \"random\"")) { daemon in
            let clients = try (0..<80).map { _ in try Client(daemon.address("front")) }
            let names = try clients.map { try $0.receiveLine() ?? "" }
            // The lesser of two at random: far from it would be 80 throws of a die with four sides.
            for name in ["a", "b", "c", "d"] { #expect((10...30).contains(names.count { $0 == name })) }
            for client in clients { client.close() }
        }
    }

    @Test func `source-hash keeps sources, and a new upstream gets only its share`() throws {
        let servers = try servers("a", "b", "c")
        let added = try GreetingServer("added")
        let sources = (1...40).map { "127.0.1.\($0)" }
        try withUsherd(configuration(plain(servers), "balance = \"source-hash\"")) { daemon in
            let before = try sources.map { try visit(daemon, from: $0) }
            #expect(Set(before).count == 3)
            #expect(try sources.map { try visit(daemon, from: $0) } == before)

            // Another order is no change.
            try daemon.reload(configuration(plain(servers.reversed()), "balance = \"source-hash\""))
            #expect(try sources.map { try visit(daemon, from: $0) } == before)

            try daemon.reload(configuration(plain(servers + [added]), "balance = \"source-hash\""))
            let after = try sources.map { try visit(daemon, from: $0) }
            let moved = zip(before, after).filter { $0 != $1 }
            #expect(moved.allSatisfy { $0.1 == "added" })
            // A quarter is to be expected; that three quarters move by chance does not happen.
            #expect(moved.count < 30)
        }
    }

    @Test func `first uses the next upstream only while the first is down`() throws {
        let servers = try servers("a", "b")
        try withUsherd(configuration(plain(servers), "balance = \"first\"")) { daemon in
            for _ in 0..<4 { #expect(try visit(daemon) == "a") }
            try servers[0].stop()
            for _ in 0..<4 { #expect(try visit(daemon) == "b") }
        }
    }

    @Test func `a backup is used only while all others are down`() throws {
        let servers = try servers("a", "b", "spare")
        let upstreams = zip(servers, [false, false, true]).map { "{ address = \"\($0.address)\", backup = \($1) }" }
        try withUsherd(configuration(upstreams, "balance = \"round-robin\"")) { daemon in
            #expect(try Set((0..<6).map { _ in try visit(daemon) }) == ["a", "b"])
            try servers[0].stop()
            #expect(try Set((0..<6).map { _ in try visit(daemon) }) == ["b"])
            try servers[1].stop()
            #expect(try Set((0..<6).map { _ in try visit(daemon) }) == ["spare"])
        }
    }

    @Test func `a full upstream is skipped`() throws {
        let servers = try servers("a", "b")
        let upstreams = ["{ address = \"\(servers[0].address)\", max-connections = 1 }", "\"\(servers[1].address)\""]
        try withUsherd(configuration(upstreams, "balance = \"first\"")) { daemon in
            let first = try Client(daemon.address("front"))
            #expect(try first.receiveLine() == "a")
            for _ in 0..<3 { #expect(try visit(daemon) == "b") }
            first.close()
            _ = try daemon.close(of: first.name)
            #expect(try visit(daemon) == "a")
        }
    }
}
