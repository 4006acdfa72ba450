// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

/// Decides which party caused an error: the peer, this host or usher. Pure.
///
/// Sources: the ERRORS sections of connect(2), accept(2), send(2), recv(2), socket(2), bind(2), splice(2), shutdown(2),
/// epoll_ctl(2), ip(7), tcp(7), udp(7), unix(7) and vsock(7), and the kernel's source where they leave it open:
///
/// - A missing route, or one that refuses (`unreachable`, `prohibit`, `blackhole`), makes connect(2) itself fail with
///   ENETUNREACH, EHOSTUNREACH, EACCES or EINVAL: the look-up in this host's routing table fails (`fib_props` in
///   net/ipv4/fib_semantics.c). The same errors as the result of a connect in progress come from the network: from a router
///   (ICMP), or because the peer's host did not answer ARP or neighbour discovery.
/// - A connected UDP socket reports final ICMP errors (`icmp_err_convert` in net/ipv4/icmp.c): a rejected datagram is
///   EHOSTUNREACH. A router's "no route to the network" is not final, so ENETUNREACH of send(2) is this host's.
/// - Without a free port, connect(2) fails with EADDRNOTAVAIL for TCP (`__inet_hash_connect`) and EAGAIN for UDP
///   (`inet_autobind`). For a Unix socket EAGAIN means that the listener's backlog is full.
/// - A Unix datagram socket whose peer was closed fails once with ECONNREFUSED and then with ENOTCONN; if the peer is connected
///   to another socket, it fails with EPERM (`unix_dgram_sendmsg`).
/// - ECONNABORTED of a connected socket, and EDESTADDRREQ of one that was connected, mean that a process on this host destroyed
///   it (`ss --kill`).
extension FaultParty {
    /// The party that caused a failed call.
    ///
    /// - Parameter kind: what the socket is.
    package init(_ error: SystemError, over kind: SocketKind) {
        self.init(SocketOperation(error.operation), errno: error.errno, over: kind)
    }

    /// The party that caused an error number.
    ///
    /// - Parameter kind: what the socket is.
    package init(_ operation: SocketOperation, errno number: CInt, over kind: SocketKind) {
        self = Self.sameInEveryCall(number) ?? Self.decide(operation, number, kind)
    }

    /// The party for numbers that mean the same in every call; nil for the others.
    private static func sameInEveryCall(_ number: CInt) -> Self? {
        switch number {
        case EBADF, EFAULT, ENOTSOCK: .usher
        case EINTR: .pending
        case EMFILE, ENFILE: .host(.descriptors)
        case ENOMEM: .host(.memory)
        case ENOBUFS: .host(.buffers)
        default: nil
        }
    }

    private static func decide(_ operation: SocketOperation, _ number: CInt, _ kind: SocketKind) -> Self {
        switch operation {
        case .socket: socket(number)
        case .bind: bind(number, kind)
        case .connect: connect(number, kind)
        case .connecting: connecting(number)
        case .accept: accept(number)
        case .send: kind.isDatagram ? sendDatagram(number, kind) : send(number)
        case .receive: receive(number)
        case .splice: splice(number)
        case .shutDown: .peer
        case .option: option(number)
        case .watch: watch(number)
        case .resolve: .host(.names)
        }
    }

    // A seccomp filter, an eBPF program or a security module may make any call fail with any number; hence the defaults.

    private static func socket(_ number: CInt) -> Self {
        switch number {
        case EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EINVAL: .host(.unsupported)
        default: .host(.permission)
        }
    }

    private static func bind(_ number: CInt, _ kind: SocketKind) -> Self {
        switch number {
        case ENODEV where kind == .can, ENETDOWN where kind == .can, ENXIO where kind == .can: .peer
        // ENOSPC: every abstract name that the kernel can choose is in use (unix(7), "Autobind").
        case EADDRINUSE, EAGAIN, ENOSPC: .host(.localPorts)
        case EADDRNOTAVAIL, ENODEV, EINVAL: .host(.sourceAddress)
        case EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT: .host(.unsupported)
        default: .host(.permission)
        }
    }

    private static func connect(_ number: CInt, _ kind: SocketKind) -> Self {
        switch number {
        case EALREADY, EISCONN: return .usher
        case EINPROGRESS: return .pending
        case EPERM: return .host(.permission)
        case EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT: return .host(.unsupported)
        default: break
        }
        switch kind {
        // ENOENT, EACCES of the socket file, EAGAIN of a full backlog: all are conditions of the upstream's socket.
        case .unixStream, .unixSeqpacket, .unixDatagram, .can: return .peer
        case .vsock:
            switch number {
            case EADDRINUSE, EADDRNOTAVAIL: return .host(.localPorts)
            case EACCES: return .host(.permission)
            case ENETUNREACH: return .host(.route)
            // ENODEV: no virtual machine has this context identifier now.
            default: return .peer
            }
        case .udp where number == EADDRNOTAVAIL:
            // UDP reports exhausted ports as EAGAIN. EADDRNOTAVAIL: this host has no address of the scope that the peer's address
            // needs.
            return .host(.sourceAddress)
        case .tcp, .udp, .rds:
            switch number {
            case EADDRNOTAVAIL, EADDRINUSE, EAGAIN: return .host(.localPorts)
            case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EINVAL, ENODEV, ENXIO: return .host(.route)
            case EACCES: return .host(.permission)
            case ENOENT, ENOPKG: return .host(.unsupported)
            default: return .peer
            }
        }
    }

    private static func connecting(_ number: CInt) -> Self {
        switch number {
        case EINPROGRESS, EAGAIN, EALREADY: .pending
        case ECONNABORTED, EPERM: .host(.permission)
        default: .peer
        }
    }

    private static func accept(_ number: CInt) -> Self {
        switch number {
        case EAGAIN: .pending
        // Errors of the one connection, which accept(2) passes on; the next connection may be fine.
        case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
            ETIMEDOUT:
            .peer
        // EINVAL: the socket does not listen.
        case EINVAL: .usher
        case EPROTONOSUPPORT, ESOCKTNOSUPPORT: .host(.unsupported)
        case ENOSR: .host(.memory)
        // EPERM: today's firewalls do not cause it, but a security module does, for each connection.
        default: .host(.permission)
        }
    }

    private static func send(_ number: CInt) -> Self {
        switch number {
        case EAGAIN: .pending
        case EMSGSIZE: .datagram
        case EISCONN, EALREADY: .usher
        case EPERM, ECONNABORTED, EDESTADDRREQ: .host(.permission)
        default: .peer
        }
    }

    private static func sendDatagram(_ number: CInt, _ kind: SocketKind) -> Self {
        switch number {
        case EAGAIN: return .pending
        case EMSGSIZE, EINVAL: return .datagram
        case EISCONN, EALREADY: return .usher
        case ECONNABORTED, EDESTADDRREQ: return .host(.permission)
        default: break
        }
        switch kind {
        case .unixDatagram: return .peer
        // EPERM: a firewall of this host dropped the datagram, perhaps by a rate limit.
        case _ where number == EPERM: return .datagram
        case .can: return .peer
        default:
            switch number {
            case EADDRNOTAVAIL, EADDRINUSE: return .host(.localPorts)
            case ENETUNREACH, ENETDOWN, ENODEV, ENXIO: return .host(.route)
            case EACCES: return .host(.permission)
            default: return .peer
            }
        }
    }

    private static func receive(_ number: CInt) -> Self {
        switch number {
        case EAGAIN: .pending
        case EMSGSIZE: .datagram
        case ECONNABORTED: .host(.permission)
        default: .peer
        }
    }

    private static func splice(_ number: CInt) -> Self {
        switch number {
        case EAGAIN: .pending
        // The socket does not support splice(2), as one that encrypts does not: its bytes are copied instead.
        case EINVAL, ENOSYS, EOPNOTSUPP: .host(.unsupported)
        // ESPIPE: an offset was given for a pipe (splice(2)).
        case ESPIPE: .usher
        case ECONNABORTED: .host(.permission)
        default: .peer
        }
    }

    private static func option(_ number: CInt) -> Self {
        switch number {
        case ENOTCONN: .peer
        case ENOPROTOOPT, EOPNOTSUPP, EINVAL, EAFNOSUPPORT, EPROTONOSUPPORT, ENOSYS: .host(.unsupported)
        case ENODEV, ENXIO, EADDRNOTAVAIL: .host(.sourceAddress)
        default: .host(.permission)
        }
    }

    private static func watch(_ number: CInt) -> Self {
        switch number {
        case ENOSPC: .host(.watches)
        case EEXIST, ENOENT, EINVAL, ELOOP, EPERM: .usher
        default: .host(.permission)
        }
    }
}
