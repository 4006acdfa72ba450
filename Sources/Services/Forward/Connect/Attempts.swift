// SPDX-License-Identifier: Apache-2.0

import Reactor

/// The sockets that are on their way to the addresses of an upstream. It is nearly always one, for which nothing is
/// allocated.
struct Attempts {
    private var first: PeerSocket?
    private var others: [PeerSocket] = []

    /// Whether there is none.
    var isEmpty: Bool { first == nil && others.isEmpty }

    /// Whether a socket is one of them.
    func contains(_ socket: PeerSocket) -> Bool { first === socket || others.contains { $0 === socket } }

    /// Adds a socket.
    mutating func append(_ socket: PeerSocket) {
        if first == nil { first = socket } else { others.append(socket) }
    }

    /// Takes the socket to an address out.
    mutating func take(index: Int) -> PeerSocket? {
        if let first, first.index == index {
            self.first = nil
            return first
        }
        return others.firstIndex { $0.index == index }.map { others.remove(at: $0) }
    }

    /// Takes any of them out.
    mutating func takeAny() -> PeerSocket? { first.take() ?? others.popLast() }
}
