// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor

/// A socket on its way to one of the addresses of an upstream.
protocol AttemptedSocket: Pollable {
    /// The number of the socket.
    var raw: CInt { get }

    /// Which of the addresses it goes to.
    var index: Int { get }

    /// Closes the socket.
    func close(on lane: Lane)
}

/// The sockets that are on their way to the addresses of an upstream. It is nearly always one, for which nothing is
/// allocated.
struct Attempts<Socket: AttemptedSocket> {
    private var first: Socket?
    private var others: [Socket] = []

    /// Whether there is none.
    var isEmpty: Bool { first == nil && others.isEmpty }

    /// Whether a socket is one of them.
    func contains(_ socket: Socket) -> Bool { first === socket || others.contains { $0 === socket } }

    /// Adds a socket.
    mutating func append(_ socket: Socket) {
        if first == nil { first = socket } else { others.append(socket) }
    }

    /// Takes the socket to an address out.
    mutating func take(index: Int) -> Socket? {
        if let first, first.index == index {
            self.first = nil
            return first
        }
        return others.firstIndex { $0.index == index }.map { others.remove(at: $0) }
    }

    /// Takes any of them out.
    mutating func takeAny() -> Socket? { first.take() ?? others.popLast() }
}
