// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Why a socket of a listener listens now and did not before.
package enum ListeningCause: Sendable {
    /// The interface came up.
    case interfaceUp(String)
    /// An interface with the name was added.
    case interfaceAdded(String)
    /// The address was added to this host.
    case addressAdded
    /// The multicast group was joined again.
    case groupJoined

    fileprivate var words: String {
        switch self {
        case .interfaceUp(let name): "the interface \(name) is up"
        case .interfaceAdded(let name): "the interface \(name) was added"
        case .addressAdded: "this host has the address again"
        case .groupJoined: "the group was joined again"
        }
    }
}

extension DaemonRecord {
    /// A listener listens on a socket.
    package static func listening(
        on address: RecordedAddress, because cause: ListeningCause? = nil, listener: ListenerLabel,
        time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        let more = cause.map { ": \($0.words)" } ?? ""
        return DaemonRecord(
            time: time, .listening, "\(listener.name) listens on \(address) for \(listener.service)\(more)",
            listener: listener, local: address)
    }

    /// The state of a listener, for SIGUSR2.
    ///
    /// - Parameters:
    ///   - state: the field `state`: `listening`, `waiting` or `draining`.
    ///   - awaited: what the listener waits for.
    ///   - upstreams: how many upstreams it has, and how many of them are down.
    package static func listenerState(
        _ state: String, awaited: [String], connections: Int, upstreams: (all: Int, down: Int)?,
        listener: ListenerLabel, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        var message = "\(listener.name) is \(state)"
        if !awaited.isEmpty { message += " (\(awaited.joined(separator: ", ")))" }
        message += ", with \(Quantity.text(connections, "connection"))"
        var fields = [
            RecordField("state", .text(state)), RecordField("connections", .integer(UInt64(max(connections, 0)))),
        ]
        if let upstreams {
            message += ", \(upstreams.down) of \(Quantity.text(upstreams.all, "upstream")) down"
            fields.append(RecordField("upstreams", .integer(UInt64(upstreams.all))))
            fields.append(RecordField("upstreams_down", .integer(UInt64(upstreams.down))))
        }
        return DaemonRecord(time: time, .listener, message, listener: listener, fields: fields)
    }

    /// A socket of a listener cannot be opened, so the daemon does not start.
    ///
    /// - Parameter sentence: the listener, its place in the configuration, and the error.
    package static func cannotListen(
        _ sentence: String, errno: CInt, listener: ListenerLabel?, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(time: time, .failed, sentence, listener: listener, errno: errno)
    }

    /// A socket of a listener cannot be opened yet.
    ///
    /// - Parameters:
    ///   - name: the listener's name.
    ///   - sentence: what this host lacks, and what to do.
    package static func listenerWaits(
        _ name: String, for sentence: String, errno: CInt, listener: ListenerLabel?, time: UInt64 = Clock.realtime
    ) -> DaemonRecord {
        DaemonRecord(time: time, .warning, "\(name) waits: \(sentence)", listener: listener, errno: errno)
    }
}
