// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Names to listen on, and a name server that does not answer at the start or during a reload.
@Suite(
    .enabled(if: MountNamespace.isAvailable, "neither root nor user namespaces: no resolv.conf for the daemon alone"))
struct ListenNameTests {
    private func configuration(_ names: Int, host: String = "h") -> String {
        (0..<names).map { number in
            """
            [listener.l\(number)]
            listen = "tcp://\(host)\(number).example.test:0"
            service = "echo"

            """
        }.joined()
    }

    @Test func `SIGTERM ends a start that waits for a name server`() throws {
        let names = try NameServer([], behaviour: .silent)
        let daemon = try Usherd(starting: configuration(4), try names.options(patience: 30))
        try waitUntil("the name server is asked") { names.queries > 0 }
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
        let messages = daemon.manager.messages
        #expect(messages.contains { $0.hasPrefix("STOPPING=1") })
        #expect(!messages.contains { $0.hasPrefix("READY=1") })
    }

    @Test func `SIGHUP during a start that waits for a name server reloads afterwards`() throws {
        let names = try NameServer([], behaviour: .silent)
        let daemon = try Usherd(starting: configuration(1), try names.options(patience: 5))
        try waitUntil("the name server is asked") { names.queries > 0 }
        try daemon.write("[listener.echo]\nlisten = \"tcp://127.0.0.1:0\"\nservice = \"echo\"\n")
        daemon.send(signal: SIGHUP)
        try waitUntil("it is ready with the new configuration:\n\(daemon.said)") {
            daemon.manager.messages.contains { $0.hasPrefix("READY=1") }
        }
        #expect(try daemon.record("listening")["listener"] == "echo")
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
    }

    @Test func `a reload that waits for DNS delays no watchdog, client or SIGTERM`() throws {
        let names = try NameServer(["127.0.0.1"])
        var options = try names.options(patience: 30)
        options.environment["WATCHDOG_USEC"] = "200000"
        let daemon = try Usherd(configuration(4), options)
        names.behave(.silent)
        let before = names.queries
        daemon.send(signal: SIGHUP)
        try waitUntil("the name server is asked") { names.queries > before }
        let signs = daemon.manager.messages.count { $0.contains("WATCHDOG=1") }
        try waitUntil("five signs of life more") {
            daemon.manager.messages.count { $0.contains("WATCHDOG=1") } >= signs + 5
        }
        let client = try Client(daemon.address("l0"))
        try client.send("hello\n")
        #expect(try client.receiveLine() == "hello")
        client.close()
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
        let states = daemon.manager.messages.compactMap { message in
            ["READY=1", "RELOADING=1", "STOPPING=1"].first { message.hasPrefix($0) }
        }
        #expect(states == ["READY=1", "RELOADING=1", "STOPPING=1"])
        expectOneEndEach(daemon.records)
    }
}
