// SPDX-License-Identifier: Apache-2.0

/// An open connection or flow.
package struct ConnectionStatus: Codable, Hashable, Sendable {
    /// The number that records have.
    package var number: UInt64
    package var listener: String
    package var service: String
    /// The client's address.
    package var peer: String
    /// The address that the client connected to.
    package var local: String
    /// The address that a PROXY header came from.
    package var via: String?
    /// The address that the connection is relayed to.
    package var upstream: String?
    /// Of the client's process, where the kernel says so: SO_PEERCRED, unix(7).
    package var uid: UInt32?
    package var gid: UInt32?
    package var pid: Int32?
    /// The number of the lane that serves it.
    package var lane: Int
    /// When it was accepted, in microseconds since 1970.
    package var accepted: UInt64
    /// How long it has been open, in microseconds.
    package var durationMicroseconds: UInt64
    /// The time since a byte moved, in microseconds.
    package var idleMicroseconds: UInt64
    /// From the client.
    package var bytesIn: UInt64
    /// To the client.
    package var bytesOut: UInt64
    package var datagrams: DatagramCounts?
    /// The client's round-trip time in microseconds, as the kernel measures it: in a list in its order, of a TCP connection.
    package var rttMicroseconds: UInt32?

    package init(
        number: UInt64, listener: String, service: String, peer: String, local: String, lane: Int, accepted: UInt64,
        durationMicroseconds: UInt64, idleMicroseconds: UInt64, bytesIn: UInt64, bytesOut: UInt64
    ) {
        self.number = number
        self.listener = listener
        self.service = service
        self.peer = peer
        self.local = local
        self.lane = lane
        self.accepted = accepted
        self.durationMicroseconds = durationMicroseconds
        self.idleMicroseconds = idleMicroseconds
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
    }

    private enum CodingKeys: String, CodingKey {
        case number, listener, service, peer, local, via, upstream, uid, gid, pid, lane, accepted, datagrams
        case durationMicroseconds = "duration_us"
        case rttMicroseconds = "rtt_us"
        case idleMicroseconds = "idle_us"
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
    }
}
