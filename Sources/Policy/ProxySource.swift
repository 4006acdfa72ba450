// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// `accept-proxy`: peers whose connections must begin with a PROXY header, which is trusted.
public enum ProxySource: Hashable, Sendable {
    /// `"10.0.0.0/8"`, `"2001:db8::1"`: peers that connect over TCP from this network.
    case network(IPNetwork)
    /// `"unix"`: peers that connect through a Unix socket.
    case unix
}

extension ProxySource: CustomStringConvertible {
    /// The text as in the file; parsing it gives the same value.
    public var description: String {
        switch self {
        case .network(let network): network.description
        case .unix: "unix"
        }
    }
}

extension ProxySource {
    /// Whether a peer with this address matches.
    func includes(_ peer: SocketAddress) -> Bool {
        switch (self, peer) {
        case (.network(let network), _): network.contains(peer)
        case (.unix, .unix), (.unix, .abstract), (.unix, .unnamed): true
        case (.unix, .ipv4), (.unix, .ipv6), (.unix, .vsock), (.unix, .can): false
        }
    }
}
