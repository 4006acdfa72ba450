// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem

/// The listening sockets of a reload in progress: those that stay, with new settings, and new ones.
///
/// ``rollBack()`` undoes all of it.
struct SocketChanges {
    private(set) var sockets: [SocketKey: [OpenSocket]]
    /// The sockets that cannot be opened on this host yet, and why.
    private(set) var awaited: [SocketKey: ListenFailure] = [:]
    private let ownSockets: [ListeningSocket]
    /// Whether nothing is opened and changed, but only tested: then a new socket has a key and no sockets.
    private let isTrial: Bool
    private var opened: [OpenSocket] = []
    private var undo: [() -> Void] = []

    /// Begins with the sockets in force.
    ///
    /// - Parameter closing: sockets of earlier configurations that a lane may still use.
    init(_ sockets: [OpenSocket], closing: [ListeningSocket] = [], isTrial: Bool = false) {
        self.isTrial = isTrial
        self.sockets = Dictionary(grouping: sockets, by: \.key)
        ownSockets = sockets.map(\.socket) + closing
    }

    /// Opens a new socket.
    mutating func open(
        _ wanted: WantedSocket, for listener: String, passed: PassedSockets
    ) throws(ListenFailure) {
        let new = try OpenSocket.open(wanted, for: listener, passed: passed, beside: ownSockets, isTrial: isTrial)
        opened += new
        sockets[wanted.key] = new
    }

    /// Opens a new socket, or notes why this host cannot have it yet.
    ///
    /// - Returns: whether it is open.
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

    /// Checks that a socket that stays suits what it is used for from now on.
    func check(_ wanted: WantedSocket, for listener: String) throws(ListenFailure) {
        if let cause = wanted.reasonToRefuse((sockets[wanted.key] ?? []).map(\.socket)) {
            throw ListenFailure(listener: listener, address: wanted.written, cause: cause)
        }
    }

    /// Applies the settings of the new configuration to a socket that stays.
    mutating func change(_ old: WantedSocket, to new: WantedSocket) throws(SystemError) {
        if isTrial { return }
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

    /// Restores the old settings, and removes the files of new sockets.
    func rollBack() {
        for step in undo.reversed() { step() }
        for open in opened { open.removeFile() }
    }
}
