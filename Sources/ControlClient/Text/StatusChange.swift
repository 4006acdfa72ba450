// SPDX-License-Identifier: Apache-2.0

package import ControlProtocol

/// What was counted between two samples of the status.
package struct StatusChange: Encodable, Hashable, Sendable {
    /// Of a listener.
    package struct Listener: Encodable, Hashable, Sendable {
        let name: String
        /// Connections that were accepted.
        let connections: UInt64
        /// Connections that were refused.
        let refused: UInt64
        let bytesIn: UInt64
        let bytesOut: UInt64

        private enum CodingKeys: String, CodingKey {
            case name, connections, refused
            case bytesIn = "bytes_in"
            case bytesOut = "bytes_out"
        }
    }

    /// The time between them.
    package let durationMicroseconds: UInt64

    /// The listeners of the second sample, in its order. One that the first has not counts from 0.
    let listeners: [Listener]

    private enum CodingKeys: String, CodingKey {
        case durationMicroseconds = "duration_us"
        case listeners
    }

    /// Compares two samples of one daemon.
    package init(from earlier: ControlResults.Status, to later: ControlResults.Status, durationMicroseconds: UInt64) {
        self.durationMicroseconds = durationMicroseconds
        var known: [String: ListenerStatus] = [:]
        // The listener of a name that is in force is in front of those that drain.
        for listener in earlier.listeners where known[listener.name] == nil { known[listener.name] = listener }
        listeners = later.listeners.map { listener in
            let before = known.removeValue(forKey: listener.name)
            return Listener(
                name: listener.name, connections: Self.growth(before?.total, listener.total),
                refused: Self.growth(before.map(Self.refused), Self.refused(listener)),
                bytesIn: Self.growth(before?.bytesIn, listener.bytesIn),
                bytesOut: Self.growth(before?.bytesOut, listener.bytesOut))
        }
    }

    private static func refused(_ listener: ListenerStatus) -> UInt64 { listener.refused.reduce(0) { $0 &+ $1.count } }

    /// A count may be lower than before: the bytes of an open connection are counted apart from those of one that has ended.
    private static func growth(_ before: UInt64?, _ after: UInt64) -> UInt64 {
        after > before ?? 0 ? after - (before ?? 0) : 0
    }
}

/// The status with what was counted in an interval, as `--json` prints it.
package struct StatusWithChange: Encodable {
    private let daemon: DaemonStatus
    private let listeners: [ListenerStatus]
    private let interval: StatusChange

    /// Makes it of its parts.
    package init(_ status: ControlResults.Status, _ change: StatusChange) {
        daemon = status.daemon
        listeners = status.listeners
        interval = change
    }
}
