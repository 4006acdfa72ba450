// SPDX-License-Identifier: Apache-2.0

import Reactor

/// The sockets that are connecting to the addresses of an upstream. One socket, the common case, needs no allocation.
struct Attempts {
    private var first: PeerSocket?
    private var others: [PeerSocket] = []

    /// Whether no socket is connecting.
    var isEmpty: Bool { first == nil && others.isEmpty }

    /// Whether this socket is one of the attempts.
    func contains(_ socket: PeerSocket) -> Bool { first === socket || others.contains { $0 === socket } }

    /// Adds a socket.
    mutating func append(_ socket: PeerSocket) {
        if first == nil { first = socket } else { others.append(socket) }
    }

    /// Removes and returns the socket that connects to the address with this index.
    mutating func take(index: Int) -> PeerSocket? {
        if let first, first.index == index {
            self.first = nil
            return first
        }
        return others.firstIndex { $0.index == index }.map { others.remove(at: $0) }
    }

    /// Removes and returns any of the sockets; nil if there is none.
    mutating func takeAny() -> PeerSocket? { first.take() ?? others.popLast() }
}
