// SPDX-License-Identifier: Apache-2.0

/// The kinds of stream sockets, named as in the address grammar.
public enum SocketKind: Hashable, Sendable, CaseIterable {
    /// TCP over IPv4 or IPv6: tcp(7).
    case tcp

    /// A Unix stream socket: unix(7).
    case unixStream

    /// A Unix socket that keeps the bounds of messages: unix(7), SOCK_SEQPACKET.
    case unixSeqpacket

    /// A stream between a virtual machine and its host: vsock(7).
    case vsock

    /// The scheme of the address grammar: `tcp`, `unix`, `unix-seqpacket`, `vsock`.
    public var scheme: StaticString {
        switch self {
        case .tcp: "tcp"
        case .unixStream: "unix"
        case .unixSeqpacket: "unix-seqpacket"
        case .vsock: "vsock"
        }
    }

    /// Whether a read may return the bytes of several writes.
    public var isByteStream: Bool { self != .unixSeqpacket }
}
