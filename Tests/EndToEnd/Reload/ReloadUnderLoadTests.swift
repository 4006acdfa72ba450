// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// Reloads while connections come and go.
@Suite struct ReloadUnderLoadTests {
    private static let connections = 10_000
    private static let threads = 4
    private static let reloads = 50

    /// What the client threads and the test have in common.
    private final class Progress: Sendable {
        let done = Atomic<Int>(0)
        let failures = Mutex<[String]>([])
    }

    /// Two configurations that differ in whatever may change while its connections live: settings, the log's level of
    /// detail, and other listeners that come, go and move.
    private func configuration(_ isOdd: Bool) -> String {
        """
        [log]
        to = "file:$DIR/log"
        format = "json"

        [listener.echo]
        listen = ["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix://$DIR/echo", "unix://@usher-test-$DIR"]
        service = "echo"
        idle-timeout = "\(isOdd ? "5m" : "10m")"

        [listener.\(isOdd ? "comes" : "goes")]
        listen = "unix://$DIR/other"
        service = "\(isOdd ? "discard" : "chat")"

        [listener.moves]
        listen = "unix://$DIR/moves-\(isOdd)"
        service = "echo"
        """
    }

    @Test func `50 reloads fail none of 10 000 connections`() throws {
        let daemon = try Usherd(configuration(false))
        let log = LogReader(daemon.directory.appending("log"))
        let addresses: [ServerAddress] = try waitFor("addresses") {
            log.update()
            let texts = log.records.filter { $0["listener"] == "echo" }.compactMap { $0["local"] }
            return texts.count == 4 ? texts.compactMap { ServerAddress($0) } : nil
        }
        let progress = Progress()
        for thread in 0..<Self.threads {
            Thread.detachNewThread { Self.load(addresses, thread, progress) }
        }
        for reload in 1...Self.reloads {
            try waitUntil("the load has come to reload \(reload)") {
                progress.done.load(ordering: .relaxed) >= reload * Self.connections / (Self.reloads + 2)
            }
            try daemon.reload(configuration(reload % 2 == 1))
        }
        try waitUntil("all connections have been made") {
            progress.done.load(ordering: .relaxed) == Self.connections
        }
        #expect(progress.failures.withLock(\.self) == [])
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")

        log.update()
        #expect(log.records.count { $0.event == "reload" } == Self.reloads)
        #expect(log.records.count { $0.event == "reload-failed" } == 0)
        let ends = log.records.filter { $0.event == "close" }
        #expect(ends.count == Self.connections)
        #expect(ends.allSatisfy { $0["reason"] == "client-closed" && $0[number: "bytes_out"] == 64 })
        expectOneEndEach(log.records)
    }

    // MARK: - Connections that a reload does not concern

    /// Listeners that are removed, renamed, swapped and rebound around one that stays.
    private func shuffled(_ round: Int) -> String {
        let listeners: [(name: String, path: String)] =
            switch round % 4 {
            case 0: [("a", "1"), ("b", "2"), ("c", "3")]
            case 1: [("a", "2"), ("b", "1"), ("c", "3")]
            case 2: [("x", "2"), ("y", "1"), ("c", "4")]
            default: [("x", "2")]
            }
        let texts = listeners.map {
            "[listener.\($0.name)]\nlisten = \"unix://$DIR/\($0.path)\"\nservice = \"echo\"\n"
        }
        return """
            [daemon]
            lanes = 4
            drain-timeout = "10s"

            [log]
            to = "file:$DIR/log"
            format = "json"
            level = "notice"

            [listener.stays]
            listen = "unix://$DIR/stays"
            service = "echo"

            \(texts.joined(separator: "\n"))
            """
    }

    /// Clients that connect and leave at once, as fast as they can, kept a lane busy with the backlog of a socket that is
    /// closed, for seconds.
    @Test func `a flood at changing listeners delays no connection of another`() throws {
        let daemon = try Usherd(shuffled(0))
        let stays = ServerAddress(.unix(path: daemon.directory.appending("stays")))
        let isOver = Progress()
        let flooded = (1...4).map { ServerAddress(.unix(path: daemon.directory.appending("\($0)"))) }
        for thread in 0..<Self.threads {
            Thread.detachNewThread {
                var number = thread
                while isOver.done.load(ordering: .relaxed) == 0 {
                    number += 1
                    _ = try? Client(flooded[number % flooded.count])
                }
                isOver.done.wrappingAdd(1, ordering: .relaxed)
            }
        }
        let clients = try (0..<8).map { _ in try Client(stays) }
        for round in 1...24 {
            try daemon.reload(shuffled(round))
            for client in clients {
                try client.send("round \(round)\n")
                #expect(try client.receiveLine() == "round \(round)")
            }
        }
        for client in clients { client.close() }
        isOver.done.store(1, ordering: .relaxed)
        try waitUntil("the flood is over") { isOver.done.load(ordering: .relaxed) == 1 + Self.threads }
        #expect(try daemon.stop() == .exited(0), "\(daemon.said)")
    }

    /// Makes its share of the connections, one after the other.
    private static func load(_ addresses: [ServerAddress], _ thread: Int, _ progress: Progress) {
        let message = [UInt8](repeating: UInt8(ascii: "a") + UInt8(thread), count: 64)
        // Another address to come from in every run: no port is used up by connections that wait out TIME_WAIT.
        let source = ServerAddress(
            .ip(host: "127.\(thread + 1).\(Int.random(in: 0...255)).\(Int.random(in: 1...254))", port: 0))
        for number in 0..<connections / threads {
            let address = addresses[number % addresses.count]
            let isIPv4 = address.description.hasPrefix("tcp://127")
            do {
                let client = try Client(address, from: isIPv4 ? source : nil)
                try client.send(message)
                let answer = try client.receive(exactly: message.count)
                if answer != message { throw POSIXFailure("echo of \(answer.count) bytes", 0) }
            } catch {
                progress.failures.withLock { $0.append("\(address), connection \(number): \(error)") }
            }
            progress.done.wrappingAdd(1, ordering: .relaxed)
        }
    }
}
