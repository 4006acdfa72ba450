// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport

/// An upstream that greets whoever connects with its name and a line feed, and returns what they send.
///
/// A connection is counted before it is greeted, and counted out before one is accepted that came after its end: whoever
/// was greeted may look at the counters.
///
/// Concurrency: a thread of its own serves; a test may call it from anywhere.
final class GreetingServer: Sendable {
    /// Where it listens.
    let address: ServerAddress

    private let shared: Shared

    /// What the thread and the owner have in common.
    private final class Shared: Sendable {
        struct State {
            var isListening = true
            var isStopped = false
            var accepted = 0
            var open = 0
            /// The thread is done with what it was told last.
            var isSettled = true
        }

        let state = Mutex(State())
        /// A byte that is written here wakes the thread.
        let bell: (reading: CInt, writing: CInt)

        init() throws {
            var ends: [CInt] = [0, 0]
            guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
                throw POSIXFailure("socketpair")
            }
            bell = (ends[0], ends[1])
        }

        func ring() {
            var byte: UInt8 = 0
            write(bell.writing, &byte, 1)
        }

        deinit {
            close(bell.reading)
            close(bell.writing)
        }
    }

    /// Starts it. The same address may be given again once another one has stopped.
    ///
    /// - Parameter wanted: nil for one that nothing else gets meanwhile: ``ReservedPort``.
    init(_ name: String, at wanted: ServerAddress? = nil) throws {
        let server = try Server(wanted ?? ReservedPort().address)
        address = server.address
        let shared = try Shared()
        self.shared = shared
        let loop = Loop(greeting: Array("\(name)\n".utf8), listening: server.release(), shared: shared)
        Thread.detachNewThread { loop.run() }
    }

    /// How many have connected so far.
    var accepted: Int { shared.state.withLock { $0.accepted } }

    /// How many are connected.
    var open: Int { shared.state.withLock { $0.open } }

    /// Refuses new connections, and keeps those that there are.
    func stopListening() throws { try tell { $0.isListening = false } }

    /// Ends all connections, and refuses new ones.
    func stop() throws {
        try tell {
            $0.isListening = false
            $0.isStopped = true
        }
    }

    private func tell(_ change: (inout Shared.State) -> Void) throws {
        shared.state.withLock {
            change(&$0)
            $0.isSettled = false
        }
        shared.ring()
        try waitUntil("the upstream at \(address) has done what it was told") {
            shared.state.withLock { $0.isSettled }
        }
    }

    deinit {
        shared.state.withLock { $0.isStopped = true }
        shared.ring()
    }

    /// What the thread does.
    private struct Loop {
        let greeting: [UInt8]
        let listening: CInt
        let shared: Shared

        func run() {
            var connections: Set<CInt> = []
            var isListening = true
            defer {
                for connection in connections { close(connection) }
                if isListening { stopListening() }
                shared.state.withLock {
                    $0.open = 0
                    $0.isSettled = true
                }
            }
            while true {
                var entries = ([shared.bell.reading] + (isListening ? [listening] : []) + connections).map {
                    pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
                }
                guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
                let ready = entries.filter { $0.revents != 0 }.map(\.fd)
                if ready.contains(shared.bell.reading) {
                    var byte: UInt8 = 0
                    read(shared.bell.reading, &byte, 1)
                    let wanted = shared.state.withLock { ($0.isListening, $0.isStopped) }
                    if wanted.1 { return }
                    if isListening, !wanted.0 {
                        stopListening()
                        isListening = false
                    }
                    shared.state.withLock { $0.isSettled = true }
                }
                // Ends first: poll(2) looked at the listening socket before it looked at them, so an end that came before
                // a new connection was seen with it.
                for connection in ready where connections.contains(connection) && !answer(connection) {
                    connections.remove(connection)
                    shared.state.withLock { $0.open = connections.count }
                    close(connection)
                }
                // It may have been closed on this turn.
                if isListening, ready.contains(listening) { accept(into: &connections) }
            }
        }

        /// A program that another test starts at this moment has a copy of the socket, so closing it would not do.
        private func stopListening() {
            shutdown(listening, CInt(SHUT_RDWR))
            close(listening)
        }

        private func accept(into connections: inout Set<CInt>) {
            let connection = Server.accept(from: listening)
            guard connection >= 0 else { return }
            connections.insert(connection)
            shared.state.withLock {
                $0.accepted += 1
                $0.open = connections.count
            }
            send(connection, greeting, greeting.count, CInt(MSG_NOSIGNAL))
        }

        /// - Returns: whether the other side goes on.
        private func answer(_ connection: CInt) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(connection, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            if count < 0 { return errno == EAGAIN }
            return count > 0 && send(connection, buffer, count, CInt(MSG_NOSIGNAL)) == count
        }
    }
}
