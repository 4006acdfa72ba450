// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// Decides which peers of a listener must begin with a PROXY header.
public struct ProxyTrust: Hashable, Sendable {
    /// `accept-proxy`: the peers whose connections must begin with a PROXY header, which is trusted. No other peer may send
    /// one.
    public var sources: [ProxySource]

    /// Trusts the headers of these peers.
    public init(sources: [ProxySource] = []) {
        self.sources = sources
    }

    /// Whether a connection from `peer` has to begin with a PROXY header.
    public func needsHeader(from peer: SocketAddress) -> Bool {
        sources.contains { $0.includes(peer) }
    }
}
