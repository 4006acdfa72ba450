// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport

/// Clients that keep connections busy, and clients that come and go, through a relay to upstreams that greet with their
/// name and return what they are sent.
///
/// Concurrency: each client has a thread of its own; a test may ask at any time.
final class SteadyLoad: Sendable {
    /// What has happened.
    struct State {
        /// The upstream of each connection that is kept, by the number of the client.
        var kept: [Int: String] = [:]
        /// The upstream of each kept connection that was ended from the other side; empty if it never said its name.
        var lost: [String] = []
        /// The upstream of each short connection that went well.
        var served: [String] = []
        /// The upstream of each short connection that was ended from the other side; empty if it never said its name.
        var failed: [String] = []
        var isStopped = false
        var running = 0
    }

    private let state = Mutex(State())
    private let address: ServerAddress

    /// Begins with so many clients that come and go.
    init(_ address: ServerAddress, visitors: Int) {
        self.address = address
        state.withLock { $0.running = visitors }
        for _ in 0..<visitors { Thread.detachNewThread { self.visit() } }
    }

    /// Makes so many connections that are kept.
    func keep(_ count: Int) {
        state.withLock { $0.running += count }
        for number in 0..<count { Thread.detachNewThread { self.keepOne(number) } }
    }

    /// What has happened so far.
    var now: State { state.withLock { $0 } }

    /// Forgets what has happened so far, but for the connections that are kept now.
    func forget() {
        state.withLock {
            $0.lost = []
            $0.served = []
            $0.failed = []
        }
    }

    /// Ends it, and waits for that.
    func stop() throws {
        state.withLock { $0.isStopped = true }
        try waitUntil("all clients are gone") { state.withLock { $0.running } == 0 }
    }

    private var goesOn: Bool { state.withLock { !$0.isStopped } }

    private func keepOne(_ number: Int) {
        defer { state.withLock { $0.running -= 1 } }
        while goesOn {
            var upstream = ""
            do {
                let client = try Client(address)
                upstream = try client.receiveLine() ?? ""
                if upstream.isEmpty { throw TimedOut("it says its name") }
                state.withLock { $0.kept[number] = upstream }
                repeat { try Self.exchange(client, "\(number)") } while goesOn
            } catch {
                state.withLock {
                    $0.kept[number] = nil
                    $0.lost.append(upstream)
                }
            }
        }
    }

    private func visit() {
        defer { state.withLock { $0.running -= 1 } }
        while goesOn {
            var upstream = ""
            do {
                let client = try Client(address)
                upstream = try client.receiveLine() ?? ""
                if upstream.isEmpty { throw TimedOut("it says its name") }
                try Self.exchange(client, "hello")
                state.withLock { $0.served.append(upstream) }
            } catch {
                state.withLock { $0.failed.append(upstream) }
            }
        }
    }

    /// Sends a line, which has to come back.
    private static func exchange(_ client: Client, _ line: String) throws {
        try client.send(line + "\n")
        guard try client.receiveLine() == line else { throw TimedOut("\(line) is returned") }
        // A load that is there all the time, not all that the host can bear.
        usleep(5000)
    }
}
