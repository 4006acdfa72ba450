// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Addresses
@testable import LinuxSystem

/// Each error number that a manual page names for a call, and who is to blame for it.
@Suite struct FaultPartyTests {
    typealias Row = (errno: CInt, party: FaultParty)

    private static let internet: [SocketKind] = [.tcp, .udp, .rds]
    private static let unix: [SocketKind] = [.unixStream, .unixSeqpacket, .unixDatagram]
    private static let streams: [SocketKind] = [.tcp, .unixStream, .unixSeqpacket, .vsock]

    private func expect(
        _ operation: SocketOperation, over kinds: [SocketKind] = SocketKind.allCases, _ rows: [Row],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for kind in kinds {
            for row in rows {
                let party = FaultParty(operation, errno: row.errno, over: kind)
                #expect(
                    party == row.party, "\(operation) over \(kind.scheme): \(SystemError.symbol(of: row.errno))",
                    sourceLocation: sourceLocation)
            }
        }
    }

    /// What every call may say.
    private static let everywhere: [Row] = [
        (EBADF, .usher), (EFAULT, .usher), (ENOTSOCK, .usher), (EINTR, .pending), (EMFILE, .host(.descriptors)),
        (ENFILE, .host(.descriptors)), (ENOMEM, .host(.memory)), (ENOBUFS, .host(.buffers)),
    ]

    @Test(arguments: SocketOperation.allCases)
    func `numbers that mean the same for every call`(operation: SocketOperation) {
        expect(operation, Self.everywhere)
    }

    @Test func `socket(2)`() {
        expect(
            .socket,
            [
                (EACCES, .host(.permission)), (EPERM, .host(.permission)), (EAFNOSUPPORT, .host(.unsupported)),
                (EPROTONOSUPPORT, .host(.unsupported)), (ESOCKTNOSUPPORT, .host(.unsupported)),
                (EINVAL, .host(.unsupported)),
            ])
    }

    @Test func `bind(2) of a socket that is to connect`() {
        expect(
            .bind,
            [
                (EACCES, .host(.permission)), (EPERM, .host(.permission)), (EADDRINUSE, .host(.localPorts)),
                (EAGAIN, .host(.localPorts)), (ENOSPC, .host(.localPorts)), (EADDRNOTAVAIL, .host(.sourceAddress)),
                (EINVAL, .host(.sourceAddress)), (EAFNOSUPPORT, .host(.unsupported)), (ELOOP, .host(.permission)),
                (ENAMETOOLONG, .host(.permission)), (ENOENT, .host(.permission)), (ENOTDIR, .host(.permission)),
                (EROFS, .host(.permission)),
            ])
        expect(.bind, over: [.can], [(ENODEV, .peer), (ENETDOWN, .peer), (ENXIO, .peer)])
        expect(.bind, over: [.tcp, .udp], [(ENODEV, .host(.sourceAddress))])
    }

    @Test func `connect(2) of IP: what it says at once is of this host`() {
        expect(
            .connect, over: Self.internet,
            [
                (EACCES, .host(.permission)), (EPERM, .host(.permission)), (EADDRINUSE, .host(.localPorts)),
                (EAGAIN, .host(.localPorts)), (EAFNOSUPPORT, .host(.unsupported)), (EALREADY, .usher),
                (EISCONN, .usher), (EINPROGRESS, .pending), (ECONNREFUSED, .peer), (ETIMEDOUT, .peer),
                (ENETUNREACH, .host(.route)), (EHOSTUNREACH, .host(.route)), (ENETDOWN, .host(.route)),
                (EINVAL, .host(.route)), (ENODEV, .host(.route)), (ENOENT, .host(.unsupported)),
                (ENOPKG, .host(.unsupported)), (EPROTOTYPE, .peer), (ECONNRESET, .peer), (EMSGSIZE, .peer),
            ])
        expect(.connect, over: [.tcp, .rds], [(EADDRNOTAVAIL, .host(.localPorts))])
        expect(.connect, over: [.udp], [(EADDRNOTAVAIL, .host(.sourceAddress))])
    }

    @Test func `connect(2) of a Unix socket`() {
        expect(
            .connect, over: Self.unix,
            [
                (EACCES, .peer), (EAGAIN, .peer), (ECONNREFUSED, .peer), (ENOENT, .peer), (ENOTDIR, .peer),
                (ELOOP, .peer), (ENAMETOOLONG, .peer), (EPROTOTYPE, .peer), (EINVAL, .peer), (EADDRINUSE, .peer),
                (EPERM, .host(.permission)), (EISCONN, .usher), (EAFNOSUPPORT, .host(.unsupported)),
                (EPROTONOSUPPORT, .host(.unsupported)), (ESOCKTNOSUPPORT, .host(.unsupported)),
            ])
    }

    @Test func `connect(2) of vsock`() {
        expect(
            .connect, over: [.vsock],
            [
                (EACCES, .host(.permission)), (EADDRINUSE, .host(.localPorts)), (EADDRNOTAVAIL, .host(.localPorts)),
                (ENETUNREACH, .host(.route)), (ENODEV, .peer), (ECONNRESET, .peer), (ETIMEDOUT, .peer),
                (EINVAL, .peer), (ENOTCONN, .peer), (EOPNOTSUPP, .peer), (EPROTONOSUPPORT, .host(.unsupported)),
                (ESOCKTNOSUPPORT, .host(.unsupported)),
            ])
    }

    @Test func `the outcome of a connect that was under way is the network's`() {
        expect(
            .connecting,
            [
                (ECONNREFUSED, .peer), (ECONNRESET, .peer), (ETIMEDOUT, .peer), (EHOSTUNREACH, .peer),
                (ENETUNREACH, .peer), (EHOSTDOWN, .peer), (ENONET, .peer), (ENOPROTOOPT, .peer), (EPROTO, .peer),
                (EACCES, .peer), (EOPNOTSUPP, .peer), (EMSGSIZE, .peer), (ENETDOWN, .peer), (ENODEV, .peer),
                (EINPROGRESS, .pending), (EAGAIN, .pending), (ECONNABORTED, .host(.permission)),
                (EPERM, .host(.permission)),
            ])
    }

    @Test func `accept(2)`() {
        expect(
            .accept,
            [
                (EAGAIN, .pending), (ECONNABORTED, .peer), (ENETDOWN, .peer), (EPROTO, .peer), (ENOPROTOOPT, .peer),
                (EHOSTDOWN, .peer), (ENONET, .peer), (EHOSTUNREACH, .peer), (EOPNOTSUPP, .peer), (ENETUNREACH, .peer),
                (ETIMEDOUT, .peer), (EINVAL, .usher), (EPERM, .host(.permission)), (EACCES, .host(.permission)),
                (ENOSR, .host(.memory)), (ESOCKTNOSUPPORT, .host(.unsupported)),
                (EPROTONOSUPPORT, .host(.unsupported)), (EIO, .host(.permission)),
            ])
    }

    @Test func `send(2) on a stream`() {
        expect(
            .send, over: Self.streams,
            [
                (EAGAIN, .pending), (EALREADY, .usher), (EISCONN, .usher), (ECONNRESET, .peer), (EPIPE, .peer),
                (ENOTCONN, .peer), (ETIMEDOUT, .peer), (EHOSTUNREACH, .peer), (ECONNREFUSED, .peer),
                (EOPNOTSUPP, .peer), (EINVAL, .peer), (EACCES, .peer), (EMSGSIZE, .datagram),
                (EPERM, .host(.permission)), (EDESTADDRREQ, .host(.permission)), (ECONNABORTED, .host(.permission)),
            ])
    }

    @Test func `send(2) of a datagram`() {
        let datagrams = SocketKind.allCases.filter(\.isDatagram)
        expect(
            .send, over: datagrams,
            [
                (EAGAIN, .pending), (EMSGSIZE, .datagram), (EINVAL, .datagram), (EISCONN, .usher), (EALREADY, .usher),
                (ECONNREFUSED, .peer), (EDESTADDRREQ, .host(.permission)), (ECONNABORTED, .host(.permission)),
                (EPIPE, .peer), (ENOTCONN, .peer), (EOPNOTSUPP, .peer), (ECONNRESET, .peer),
            ])
        expect(
            .send, over: [.udp, .rds],
            [
                (EPERM, .datagram), (EACCES, .host(.permission)), (ENETUNREACH, .host(.route)),
                (ENETDOWN, .host(.route)), (ENODEV, .host(.route)), (EADDRNOTAVAIL, .host(.localPorts)),
                (EHOSTUNREACH, .peer), (EHOSTDOWN, .peer), (ENONET, .peer), (ENOPROTOOPT, .peer), (EPROTO, .peer),
            ])
        expect(.send, over: [.unixDatagram], [(EPERM, .peer), (EACCES, .peer), (ENOENT, .peer), (EPROTOTYPE, .peer)])
        expect(.send, over: [.can], [(ENETDOWN, .peer), (ENODEV, .peer), (ENXIO, .peer), (EPERM, .datagram)])
    }

    @Test func `recv(2)`() {
        expect(
            .receive,
            [
                (EAGAIN, .pending), (ECONNREFUSED, .peer), (EINVAL, .peer), (ENOTCONN, .peer), (ECONNRESET, .peer),
                (ETIMEDOUT, .peer), (EHOSTUNREACH, .peer), (ENETUNREACH, .peer), (EHOSTDOWN, .peer), (EACCES, .peer),
                (EPERM, .peer), (ENETDOWN, .peer), (EMSGSIZE, .datagram), (ECONNABORTED, .host(.permission)),
            ])
    }

    @Test func `splice(2)`() {
        expect(
            .splice, over: Self.streams,
            [
                (EAGAIN, .pending), (EINVAL, .host(.unsupported)), (ENOSYS, .host(.unsupported)),
                (EOPNOTSUPP, .host(.unsupported)), (ESPIPE, .usher), (ECONNRESET, .peer), (EPIPE, .peer),
                (ETIMEDOUT, .peer), (ECONNABORTED, .host(.permission)),
            ])
    }

    @Test func `shutdown(2), options and epoll_ctl(2)`() {
        expect(.shutDown, [(ENOTCONN, .peer), (EINVAL, .peer)])
        expect(
            .option,
            [
                (ENOTCONN, .peer), (ENOPROTOOPT, .host(.unsupported)), (EINVAL, .host(.unsupported)),
                (ENODEV, .host(.sourceAddress)), (EPERM, .host(.permission)), (EACCES, .host(.permission)),
            ])
        expect(
            .watch,
            [
                (ENOSPC, .host(.watches)), (EEXIST, .usher), (ENOENT, .usher), (EINVAL, .usher), (ELOOP, .usher),
                (EPERM, .usher), (EIO, .host(.permission)),
            ])
    }

    @Test func `a name that is not answered is this host's`() {
        expect(
            .resolve,
            [(EAGAIN, .host(.names)), (ENOENT, .host(.names)), (ETIMEDOUT, .host(.names)), (0, .host(.names))])
    }

    @Test(
        arguments: [
            ("socket", SocketOperation.socket), ("pipe2", .socket), ("bind", .bind), ("connect", .connect),
            ("accept4", .accept), ("send", .send), ("sendto", .send), ("sendmsg", .send), ("sendmmsg", .send),
            ("recv", .receive), ("recvmsg", .receive), ("recvmmsg", .receive), ("splice", .splice),
            ("shutdown", .shutDown), ("epoll_ctl", .watch), ("setsockopt", .option), ("getsockopt", .option),
            ("getsockname", .option), ("fcntl", .option), ("ioctl", .option), ("getaddrinfo", .resolve),
        ] as [(StaticOperation, SocketOperation)])
    func `a call belongs to its operation`(call: StaticOperation, operation: SocketOperation) {
        #expect(SocketOperation(call) == operation)
        let error = SystemError(call, errno: ETIMEDOUT)
        #expect(FaultParty(error, over: .tcp) == FaultParty(operation, errno: ETIMEDOUT, over: .tcp))
    }

    /// Whatever the kernel of a later version says, it is decided, and it never ends the process.
    @Test func `an unknown number is never a bug of usher`() {
        for operation in SocketOperation.allCases {
            for kind in SocketKind.allCases {
                #expect(FaultParty(operation, errno: 4711, over: kind) != .usher)
            }
        }
    }

    @Test func `only what is used up is worth waiting for`() {
        #expect(
            HostFault.allCases.filter(\.isShortage) == [.localPorts, .descriptors, .memory, .buffers, .watches])
        #expect(HostFault.allCases.filter { !$0.isOfPeer } == [.descriptors, .memory, .buffers, .watches])
    }
}
