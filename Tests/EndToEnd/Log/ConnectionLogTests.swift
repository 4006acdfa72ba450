// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `log` of a listener and `exact` of the log: which records its connections leave, and how lines look.
@Suite struct ConnectionLogTests {
    private static func echo(_ name: String, _ more: String) -> String {
        "[listener.\(name)]\nlisten = [\"tcp://127.0.0.1:0\", \"udp://127.0.0.1:0\"]\nservice = \"echo\"\n\(more)\n"
    }

    /// Whether a client is served, and not refused because the one before it still has its place.
    private func isServed(_ daemon: Usherd, _ listener: String) -> Bool {
        guard let client = try? Client(daemon.address(listener)) else { return false }
        defer { client.close() }
        guard (try? client.send("x")) != nil else { return false }
        return (try? client.receive(exactly: 1)) == Array("x".utf8)
    }

    @Test func `each listener writes the records that its log key selects`() throws {
        let configuration =
            "[defaults]\nlog = [\"close\"]\nidle-timeout = \"100ms\"\nmax-connections = 1\n" + Self.echo("ends", "")
            + Self.echo("begins", "log = [\"open\"]") + Self.echo("both", "log = [\"open\", \"close\"]")
            + Self.echo("quiet", "log = false")
        // Not by `withUsherd`, which wants both records of each connection.
        let daemon = try Usherd(configuration)
        do {
            for listener in ["ends", "begins", "quiet", "both"] {
                let kept = try Client(daemon.address(listener))
                let refused = try Client(daemon.address(listener))
                _ = try daemon.record("refused") { $0["listener"] == listener }
                refused.close()
                kept.close()
                try waitUntil("there is room again") { isServed(daemon, listener) }
            }
            // The last listener writes both, so all before it have been written when they are there.
            try waitUntil("the last close record") { daemon.records("close").contains { $0["listener"] == "both" } }
            func count(_ event: String, _ listener: String) -> Int {
                daemon.records(event).count { $0["listener"] == listener }
            }
            #expect(count("open", "ends") == 0 && count("close", "ends") > 0)
            #expect(count("open", "begins") > 0 && count("close", "begins") == 0)
            #expect(count("open", "quiet") == 0 && count("close", "quiet") == 0)
            #expect(count("open", "both") > 0)
            for listener in ["ends", "begins", "quiet", "both"] { #expect(count("refused", listener) > 0) }
        }
    }

    @Test func `a reload of log applies to new connections`() throws {
        let daemon = try Usherd(Self.echo("echo", "log = false"))
        do {
            let address = try daemon.address("echo")
            let old = try Client(address)
            try old.send("x")
            #expect(try old.receive(exactly: 1) == Array("x".utf8))
            try daemon.write(
                Self.echo("echo", "").replacing("tcp://127.0.0.1:0", with: address.description))
            daemon.send(signal: SIGHUP)
            try daemon.records("reload", count: 1)
            let new = try Client(daemon.address("echo", 0))
            new.close()
            try daemon.records("close", count: 1)
            old.close()
            daemon.send(signal: SIGUSR2)
            _ = try daemon.record("listener")
            #expect(daemon.records("close").count == 1, "the one that was open keeps the settings that it began with")
        }
    }

    @Test func `exact = true writes exact numbers, and a reload changes it`() throws {
        let directory = try TemporaryDirectory()
        let log = directory.appending("log")
        func configuration(_ exact: String) -> String {
            "[log]\nto = [\"file:\(log)\"]\n\(exact)\n"
                + Self.echo("echo", "").replacing(", \"udp://127.0.0.1:0\"", with: "")
                .replacing("tcp://127.0.0.1:0", with: "unix://\(directory.path)/echo")
        }
        func closes() -> [String] {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").filter { $0.contains("  close ") }.map(String.init)
        }
        func visit() throws {
            let client = try Client(#require(ServerAddress("unix://\(directory.path)/echo")))
            let text = [UInt8](repeating: 0x61, count: 2000)
            try client.send(text)
            #expect(try client.receive(exactly: text.count) == text)
            client.close()
        }
        try withUsherd(configuration("exact = true")) { daemon in
            try visit()
            let exact = try waitFor("a line") { closes().first }
            #expect(exact.firstMatch(of: #/\d+ us  in 2000 B  out 2000 B  /#) != nil, "\(exact)")
            try daemon.write(configuration(""))
            daemon.send(signal: SIGHUP)
            try waitUntil("the reload") {
                (try? String(contentsOfFile: log, encoding: .utf8))?.contains("  reload ") == true
            }
            try visit()
            let rounded = try waitFor("another line") { closes().dropFirst().first }
            #expect(rounded.contains("in 1.9 KiB  out 1.9 KiB"), "\(rounded)")
        }
    }
}
