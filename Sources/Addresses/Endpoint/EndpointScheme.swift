// SPDX-License-Identifier: Apache-2.0

/// The word before `://` of an ``Endpoint``: the family of a socket and its type.
public enum EndpointScheme: String, CaseIterable, Hashable, Sendable {
    /// A TCP stream over IPv4 or IPv6, tcp(7).
    case tcp

    /// UDP datagrams over IPv4 or IPv6, udp(7).
    case udp

    /// A Unix stream socket, unix(7).
    case unix

    /// A Unix datagram socket.
    case unixDatagram = "unix-dgram"

    /// A Unix socket with connections that preserves message boundaries.
    case unixSeqpacket = "unix-seqpacket"

    /// A stream between a virtual machine and its host, vsock(7).
    case vsock

    /// Raw frames of a CAN bus.
    case can

    /// Reliable datagrams over IPv4 or IPv6, rds(7).
    case rds

    /// A socket that systemd passes by name, sd_listen_fds_with_names(3).
    case systemd

    /// An example of the scheme: `unix:///PATH`.
    public var form: String {
        switch self {
        case .tcp, .udp, .rds: "\(rawValue)://HOST:PORT"
        case .unix, .unixDatagram, .unixSeqpacket: "\(rawValue):///PATH"
        case .vsock: "\(rawValue)://CID:PORT"
        case .can: "\(rawValue)://INTERFACE"
        case .systemd: "\(rawValue)://NAME"
        }
    }

    /// The kind of its sockets; nil for `systemd`, where only the passed socket shows it.
    public var kind: SocketKind? {
        switch self {
        case .tcp: .tcp
        case .udp: .udp
        case .unix: .unixStream
        case .unixDatagram: .unixDatagram
        case .unixSeqpacket: .unixSeqpacket
        case .vsock: .vsock
        case .can: .can
        case .rds: .rds
        case .systemd: nil
        }
    }

    /// Whether it is a scheme of unix(7).
    public var isUnix: Bool { self == .unix || self == .unixDatagram || self == .unixSeqpacket }
}
