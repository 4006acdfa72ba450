// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Things that a relay hears of at the same moment: it sleeps while they happen.
@Suite struct SameMomentTests {
    private func configuration(_ server: Server, _ more: String = "") -> String {
        """
        [daemon]
        lanes = 1

        [listener.front]
        listen = "tcp://127.0.0.1:0"
        service = "forward"
        to = [{ address = "\(server.address)"\(more) }]
        queue-timeout = "60s"
        """
    }

    /// A client and the upstream that it is relayed to, with one byte there.
    private func relayed(_ daemon: Usherd, to server: Server) throws -> (client: Client, upstream: Client) {
        let client = try Client(daemon.address("front"))
        let upstream = try server.accept()
        // A relay knows of its upstream only once it has seen that the connection stands.
        try client.send("x")
        #expect(try upstream.receive(exactly: 1) == Array("x".utf8))
        return (client, upstream)
    }

    /// What happens while the daemon sleeps.
    private func asleep(_ daemon: Usherd, _ body: () throws -> Void) throws {
        daemon.send(signal: SIGSTOP)
        try waitUntil("it sleeps") {
            let status = try String(contentsOfFile: "/proc/\(daemon.identifier)/stat", encoding: .utf8)
            return status.contains(") T ")
        }
        try body()
        daemon.send(signal: SIGCONT)
    }

    /// Waits for a reset behind the end of the stream: no read tells of it.
    private func waitForReset(of client: Client) throws {
        try waitUntil("it is reset") {
            var entry = pollfd(fd: client.raw, events: 0, revents: 0)
            return poll(&entry, 1, 0) == 1 && Int32(entry.revents) & POLLERR != 0
        }
    }

    @Test(arguments: [true, false]) func `last bytes, EOF and reset in one event`(isClient: Bool) throws {
        let server = try Server()
        try withUsherd(configuration(server)) { daemon in
            let (client, upstream) = try relayed(daemon, to: server)
            let (one, other) = isClient ? (client, upstream) : (upstream, client)
            try asleep(daemon) {
                try one.send("bye")
                try one.finishWriting()
                one.reset()
            }
            try waitForReset(of: other)
            let close = try daemon.record("close")
            #expect(close["reason"] == (isClient ? "reset-by-client" : "reset-by-upstream"))
            other.close()
        }
    }

    @Test func `both sides reset at the same moment`() throws {
        let server = try Server()
        try withUsherd(configuration(server)) { daemon in
            for count in 1...20 {
                let (client, upstream) = try relayed(daemon, to: server)
                try upstream.send("y")
                try asleep(daemon) {
                    client.reset()
                    upstream.reset()
                }
                let ends = try daemon.records("close", count: count)
                let end = ends[count - 1]
                #expect(end["reason"]?.hasPrefix("reset-by-") == true, "\(end.line)")
            }
        }
    }

    @Test func `both sides half-close at the same moment`() throws {
        let server = try Server()
        try withUsherd(configuration(server)) { daemon in
            let client = try Client(daemon.address("front"))
            let upstream = try server.accept()
            try asleep(daemon) {
                try client.send("x")
                try upstream.send("y")
                try client.finishWriting()
                try upstream.finishWriting()
            }
            #expect(try client.receiveAll() == Array("y".utf8))
            #expect(try upstream.receiveAll() == Array("x".utf8))
            _ = try daemon.record("close") { $0["reason"]?.hasSuffix("-closed") == true }
        }
    }

    @Test func `a place becomes free as the first waiting client disconnects`() throws {
        let server = try Server()
        try withUsherd(configuration(server, ", max-connections = 1")) { daemon in
            let address = try daemon.address("front")
            let first = try Client(address)
            let upstream = try server.accept()
            let second = try Client(address)
            try daemon.records("open", count: 2)
            let third = try Client(address)
            try third.send("x")
            try daemon.records("open", count: 3)
            try asleep(daemon) {
                first.close()
                upstream.close()
                second.reset()
            }
            let next = try server.accept()
            #expect(try next.receive(exactly: 1) == Array("x".utf8))
            third.close()
            next.close()
        }
    }

    @Test func `a client connects, sends and closes at once`() throws {
        let server = try Server()
        try withUsherd(configuration(server)) { daemon in
            let address = try daemon.address("front")
            try asleep(daemon) {
                for number in 0..<60 {
                    let client = try Client(address)
                    if number % 2 == 0 { try client.send("hello") }
                    if number % 3 == 0 { client.close() } else { client.reset() }
                }
            }
            // The upstream ends with whoever it got: some of those who broke off came no further.
            try waitUntil("all have ended") {
                while server.hasConnection { try server.accept().close() }
                return daemon.records("close").count == 60
            }
        }
    }
}
