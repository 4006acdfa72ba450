// SPDX-License-Identifier: Apache-2.0

/// What a proxy calls a connection: PP2_TYPE_UNIQUE_ID, at most ``ProxyHeader/longestUniqueID`` bytes.
public enum ProxyUniqueID: Hashable, Sendable {
    /// It was made by a usherd.
    case trail(ConnectionTrail)

    /// It was made by something else, and means nothing to us.
    case foreign([UInt8])

    /// The bytes as they are in a header.
    public var bytes: [UInt8] {
        switch self {
        case .trail(let trail):
            var text: [UInt8] = []
            trail.append(to: &text)
            return text
        case .foreign(let bytes): return bytes
        }
    }

    /// The trail, if it was made by a usherd.
    public var trail: ConnectionTrail? {
        guard case .trail(let trail) = self else { return nil }
        return trail
    }
}
