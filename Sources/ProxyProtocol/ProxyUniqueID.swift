// SPDX-License-Identifier: Apache-2.0

/// A proxy's ID of a connection: PP2_TYPE_UNIQUE_ID, at most ``ProxyHeader/longestUniqueID`` bytes.
public enum ProxyUniqueID: Hashable, Sendable {
    /// An ID that a usherd made.
    case trail(ConnectionTrail)

    /// An ID of another program; opaque to usher.
    case foreign([UInt8])

    /// The bytes in a header.
    public var bytes: [UInt8] {
        switch self {
        case .trail(let trail):
            var text: [UInt8] = []
            trail.append(to: &text)
            return text
        case .foreign(let bytes): return bytes
        }
    }

    /// The trail, if a usherd made the ID.
    public var trail: ConnectionTrail? {
        guard case .trail(let trail) = self else { return nil }
        return trail
    }
}
