// SPDX-License-Identifier: Apache-2.0

/// One of the two peers of a relayed connection.
public enum RelaySide: Hashable, Sendable, CaseIterable {
    /// The peer that connected to the listener.
    case client

    /// The peer that usher connected to.
    case upstream

    /// The other peer.
    @inlinable public var other: RelaySide {
        switch self {
        case .client: .upstream
        case .upstream: .client
        }
    }
}
