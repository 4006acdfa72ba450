// SPDX-License-Identifier: Apache-2.0

/// One of the two peers of a relayed connection.
public enum RelaySide: Hashable, Sendable, CaseIterable {
    /// Who connected to the listener.
    case client

    /// Whom the listener connected to.
    case upstream

    /// The peer of this one.
    @inlinable public var other: RelaySide {
        switch self {
        case .client: .upstream
        case .upstream: .client
        }
    }
}
