// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// How fast a connection moves bytes, in bytes per second.
package struct ConnectionRate: Equatable, Sendable {
    /// From the client.
    package let bytesIn: UInt64
    /// To the client.
    package let bytesOut: UInt64
}

/// What connections have moved between two lists. Pure.
///
/// The time of each connection is that by which it has become older: a lane looks at its connections one after the other.
package struct ConnectionsChange: Sendable {
    /// Of one connection.
    package struct Connection: Encodable, Hashable, Sendable {
        let number: UInt64
        let durationMicroseconds: UInt64
        let bytesIn: UInt64
        let bytesOut: UInt64

        private enum CodingKeys: String, CodingKey {
            case number
            case durationMicroseconds = "duration_us"
            case bytesIn = "bytes_in"
            case bytesOut = "bytes_out"
        }

        private init(_ later: ConnectionStatus, _ duration: UInt64, _ bytesIn: UInt64, _ bytesOut: UInt64) {
            number = later.number
            durationMicroseconds = duration
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
        }

        /// What a connection has moved since it was in the earlier list.
        init(from earlier: ConnectionStatus, to later: ConnectionStatus) {
            self.init(
                later, Self.growth(earlier.durationMicroseconds, later.durationMicroseconds),
                Self.growth(earlier.bytesIn, later.bytesIn), Self.growth(earlier.bytesOut, later.bytesOut))
        }

        /// What a connection has moved that was opened after the earlier list.
        init(new connection: ConnectionStatus) {
            self.init(
                connection, connection.durationMicroseconds, connection.bytesIn, connection.bytesOut)
        }

        private static func growth(_ before: UInt64, _ after: UInt64) -> UInt64 { after > before ? after - before : 0 }
    }

    private var byNumber: [UInt64: Connection] = [:]

    /// Compares two lists of one daemon.
    ///
    /// - Parameter duration: the time between them in microseconds. A connection that is not older is new.
    package init(
        from earlier: ControlResults.Connections, to later: ControlResults.Connections,
        durationMicroseconds duration: UInt64
    ) {
        self.init(
            from: Dictionary(earlier.connections.map { ($0.number, $0) }) { first, _ in first }, to: later,
            durationMicroseconds: duration)
    }

    /// Compares a list with each connection as it was before, by its number.
    init(
        from known: [UInt64: ConnectionStatus], to later: ControlResults.Connections,
        durationMicroseconds duration: UInt64
    ) {
        for connection in later.connections {
            if let before = known[connection.number] {
                byNumber[connection.number] = Connection(from: before, to: connection)
            } else if connection.durationMicroseconds <= duration {
                byNumber[connection.number] = Connection(new: connection)
            }
        }
    }

    /// What a connection has moved; nil if that is not known.
    package subscript(_ connection: ConnectionStatus) -> Connection? { byNumber[connection.number] }

    /// How fast a connection is; nil if that is not known.
    package func rate(of connection: ConnectionStatus) -> ConnectionRate? {
        guard let change = byNumber[connection.number], change.durationMicroseconds > 0 else { return nil }
        return ConnectionRate(
            bytesIn: Amount.perSecond(change.bytesIn, in: change.durationMicroseconds),
            bytesOut: Amount.perSecond(change.bytesOut, in: change.durationMicroseconds))
    }

    /// The fastest first, and those of equal speed by their numbers; those of which it is not known last.
    package func sortedByRate(_ connections: [ConnectionStatus]) -> [ConnectionStatus] {
        let sums = connections.map { connection -> UInt64? in
            rate(of: connection).map { rate in
                let (sum, overflow) = rate.bytesIn.addingReportingOverflow(rate.bytesOut)
                return overflow ? .max : sum
            }
        }
        return connections.indices.sorted { one, other in
            switch (sums[one], sums[other]) {
            case (let mine?, let theirs?) where mine != theirs: mine > theirs
            case (.some, nil): true
            case (nil, .some): false
            default: connections[one].number < connections[other].number
            }
        }.map { connections[$0] }
    }
}

/// A list sorted by rate, as `--json` prints it: with what was counted.
package struct ConnectionsWithChange: Encodable {
    private struct Interval: Encodable {
        let connections: [ConnectionsChange.Connection]
    }

    private let connections: [ConnectionStatus]
    private let count: Int
    private let interval: Interval

    /// Makes it of its parts.
    package init(_ list: ControlResults.Connections, _ change: ConnectionsChange) {
        connections = list.connections
        count = list.count
        interval = Interval(connections: list.connections.compactMap { change[$0] })
    }
}
