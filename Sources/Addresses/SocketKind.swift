// SPDX-License-Identifier: Apache-2.0

/// The kinds of sockets, named as in the address grammar.
public enum SocketKind: Hashable, Sendable, CaseIterable {
    /// TCP over IPv4 or IPv6: tcp(7).
    case tcp

    /// A Unix stream socket: unix(7).
    case unixStream

    /// A Unix socket that preserves message boundaries: unix(7), SOCK_SEQPACKET.
    case unixSeqpacket

    /// A stream between a virtual machine and its host: vsock(7).
    case vsock

    /// Datagrams over IPv4 or IPv6: udp(7).
    case udp

    /// A Unix datagram socket: unix(7).
    case unixDatagram

    /// Frames of a CAN bus: SocketCAN's CAN_RAW.
    case can

    /// Reliable datagrams over IPv4 or IPv6: rds(7).
    case rds

    /// The scheme of the address grammar.
    public var scheme: StaticString {
        switch self {
        case .tcp: "tcp"
        case .unixStream: "unix"
        case .unixSeqpacket: "unix-seqpacket"
        case .vsock: "vsock"
        case .udp: "udp"
        case .unixDatagram: "unix-dgram"
        case .can: "can"
        case .rds: "rds"
        }
    }

    /// Whether a read may return the bytes of several writes.
    public var isByteStream: Bool { self == .tcp || self == .unixStream || self == .vsock }

    /// Whether it has no connections: each message has the address of its sender.
    public var isDatagram: Bool { self == .udp || self == .unixDatagram || self == .can || self == .rds }

    /// Whether it is a kind of unix(7).
    public var isUnix: Bool { self == .unixStream || self == .unixSeqpacket || self == .unixDatagram }

    /// The kernel modules of the address family, for modprobe(8); nil if every kernel has it.
    public var modules: String? {
        switch self {
        case .can: "can can-raw"
        case .rds: "rds rds_tcp"
        case .vsock: "vsock vsock_loopback"
        case .tcp, .udp, .unixStream, .unixDatagram, .unixSeqpacket: nil
        }
    }
}
