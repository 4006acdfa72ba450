// SPDX-License-Identifier: Apache-2.0

public import Addresses

/// `accept-proxy`: peers that must begin with a PROXY header, and are believed.
public enum ProxySource: Hashable, Sendable {
    /// `"10.0.0.0/8"`, `"2001:db8::1"`: those that come from this network by TCP.
    case network(IPNetwork)
    /// `"unix"`: those that come through a Unix socket.
    case unix
}

extension ProxySource: CustomStringConvertible {
    /// The text of the file, which reads back as the same value.
    public var description: String {
        switch self {
        case .network(let network): network.description
        case .unix: "unix"
        }
    }
}

extension ProxySource {
    /// Whether a peer with this address is one of them.
    func includes(_ peer: SocketAddress) -> Bool {
        switch (self, peer) {
        case (.network(let network), _): network.contains(peer)
        case (.unix, .unix), (.unix, .abstract), (.unix, .unnamed): true
        case (.unix, .ipv4), (.unix, .ipv6), (.unix, .vsock), (.unix, .can): false
        }
    }
}
