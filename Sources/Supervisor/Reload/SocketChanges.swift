// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem

/// The listening sockets of a reload that is under way: those that stay, with their new settings, and the new ones.
/// All of it can be undone.
struct SocketChanges {
    private(set) var sockets: [SocketKey: [OpenSocket]]
    /// The sockets that this host cannot have yet, and why.
    private(set) var awaited: [SocketKey: ListenFailure] = [:]
    private let ours: [ListeningSocket]
    private var opened: [OpenSocket] = []
    private var undo: [() -> Void] = []

    /// Begins with the sockets in force.
    ///
    /// - Parameter closing: sockets that no configuration has any more, but a lane may.
    init(_ sockets: [OpenSocket], closing: [ListeningSocket] = []) {
        self.sockets = Dictionary(grouping: sockets, by: \.key)
        ours = sockets.map(\.socket) + closing
    }

    /// Makes a socket that is not there yet.
    mutating func open(
        _ wanted: WantedSocket, for listener: String, passed: PassedSockets
    ) throws(ListenFailure) {
        let new = try OpenSocket.open(wanted, for: listener, passed: passed, beside: ours)
        opened += new
        sockets[wanted.key] = new
    }

    /// Makes a socket, or notes that this host cannot have it yet.
    ///
    /// - Returns: whether it is there.
    mutating func openOrAwait(
        _ wanted: WantedSocket, for listener: String, passed: PassedSockets
    ) throws(ListenFailure) -> Bool {
        do throws(ListenFailure) {
            try open(wanted, for: listener, passed: passed)
            return true
        } catch {
            guard error.isAwaited else { throw error }
            awaited[wanted.key] = error
            return false
        }
    }

    /// Makes sure that a socket which stays is one for what it is used for from now on.
    func check(_ wanted: WantedSocket, for listener: String) throws(ListenFailure) {
        if let cause = wanted.objection(to: (sockets[wanted.key] ?? []).map(\.socket)) {
            throw ListenFailure(listener: listener, address: wanted.written, cause: cause)
        }
    }

    /// Gives a socket that stays the settings of the new configuration.
    mutating func change(_ old: WantedSocket, to new: WantedSocket) throws(SystemError) {
        for open in sockets[new.key] ?? [] {
            if old.options != new.options {
                undo.append { try? open.socket.apply(old.options) }
                try open.socket.apply(new.options)
            }
            let (before, after) = (old.written.datagrams, new.written.datagrams)
            if before != after {
                undo.append { try? open.socket.apply(before) }
                try open.socket.apply(after)
            }
            if old.access != new.access, let file = open.socket.file {
                let before = try file.access()
                undo.append { try? file.apply(before) }
                try file.apply(new.access)
            }
        }
    }

    /// Puts everything back.
    func rollBack() {
        for step in undo.reversed() { step() }
        for open in opened { open.removeFile() }
    }
}
