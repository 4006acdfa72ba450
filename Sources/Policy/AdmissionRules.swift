// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// Decides what an address may do at a listener. Pure: the lanes check limits that depend on a count.
public struct AdmissionRules: Hashable, Sendable {
    /// `accept-proxy`: the peers whose connections must begin with a PROXY header, which is trusted. No other peer may send
    /// one.
    public var proxies: [ProxySource]

    /// Makes the rules.
    public init(proxies: [ProxySource] = []) {
        self.proxies = proxies
    }

    /// Whether a connection from `peer` has to begin with a PROXY header.
    public func needsHeader(from peer: SocketAddress) -> Bool {
        proxies.contains { $0.includes(peer) }
    }
}
