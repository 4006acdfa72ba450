// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What systemd is told, by what arrives at `$NOTIFY_SOCKET`: sd_notify(3).
@Suite struct NotifyTests {
    private let echo = """
        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "unix://$DIR/echo"]
        service = "echo"

        """

    @Test func `READY=1 is sent when every listener listens`() throws {
        try withUsherd(echo) { daemon in
            // The harness has waited for nothing but READY=1.
            let client = try Client(ServerAddress(.unix(path: daemon.directory.appending("echo"))))
            client.close()
            #expect(daemon.manager.messages.first == "READY=1\nSTATUS=1 listener, 0 connections")
        }
    }

    @Test func `RELOADING=1 and the outcome of a reload are sent`() throws {
        try withUsherd(echo) { daemon in
            let before = monotonicMicroseconds()
            try daemon.reload()
            let after = monotonicMicroseconds()
            let messages = daemon.manager.messages
            #expect(messages.count == 3)
            let reloading = try #require(messages[1].wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=(\d+)/))
            let time = try #require(UInt64(reloading.1))
            #expect((before...after).contains(time))
            #expect(messages[2].wholeMatch(of: /READY=1\nSTATUS=1 listener, 0 connections; reloaded \d\d:\d\d/) != nil)
        }
    }

    @Test func `STATUS= has the number of connections, at most once a second`() throws {
        try withUsherd(echo) { daemon in
            let address = try daemon.address("echo")
            let start = ContinuousClock.now
            var clients: [Client] = []
            try waitUntil("it has told of changes three times") {
                clients.append(try Client(address))
                if clients.count > 20 { clients.removeFirst(10) }
                usleep(5000)
                return daemon.manager.messages.count { $0.hasPrefix("STATUS=") } >= 3
            }
            let last = try #require(daemon.status?.wholeMatch(of: /1 listener, (\d+) connections?/))
            #expect((1...21).contains(try #require(Int(last.1))))
            clients = []
            try waitUntil("it has told that all are gone") { daemon.status == "1 listener, 0 connections" }
            let seconds = Int((ContinuousClock.now - start).components.seconds)
            #expect(daemon.manager.messages.count { $0.hasPrefix("STATUS=") } <= seconds + 2)
        }
    }

    @Test func `WATCHDOG=1 is sent within the requested interval`() throws {
        try withUsherd(echo, .init(environment: ["WATCHDOG_USEC": "200000"])) { daemon in
            try waitUntil("it says so several times") { daemon.manager.messages.count { $0 == "WATCHDOG=1" } >= 5 }
            // Not before it was ready.
            #expect(daemon.manager.messages.first?.hasPrefix("READY=1\n") == true)
        }
    }

    @Test func `no WATCHDOG=1 is sent without a watchdog`() throws {
        try withUsherd(echo) { daemon in
            try daemon.reload()
            try daemon.stop()
            #expect(!daemon.manager.messages.contains("WATCHDOG=1"))
        }
    }

    @Test func `the daemon works without systemd`() throws {
        let daemon = try Usherd(starting: echo, .init(environment: ["NOTIFY_SOCKET": ""]))
        _ = try daemon.record("started")
        #expect(try daemon.stop() == .exited(0))
        #expect(daemon.manager.messages.isEmpty)
    }

    /// CLOCK_MONOTONIC, as systemd reads it.
    private func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
