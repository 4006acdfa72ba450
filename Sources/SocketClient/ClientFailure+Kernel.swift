// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

extension ClientFailure {
    /// What the client was doing when a system call failed.
    enum Activity {
        /// Connecting to the address.
        case connecting
        /// Binding the address to listen on.
        case listening
        /// Binding the address of `--source`.
        case binding
        /// Sending or receiving.
        case talking
    }

    /// Makes a failure from an error of the kernel.
    ///
    /// - Parameter address: the address that the error is about, in endpoint syntax.
    init(_ error: SystemError, _ activity: Activity, _ address: String, kind: SocketKind) {
        if let failure = Self.missingFamily(error, kind, address) {
            self = failure
            return
        }
        let kernel = "\(error.reason) (\(error.symbol))"
        switch activity {
        case .listening, .binding: self = Self.binding(error, address, kernel)
        case .connecting: self = Self.connecting(error, address, kind, kernel)
        case .talking: self = Self.talking(error, address, kind, kernel)
        }
    }

    private static func connecting(
        _ error: SystemError, _ address: String, _ kind: SocketKind, _ kernel: String
    ) -> ClientFailure {
        switch error.errno {
        // A vsock peer without a listener sends a reset (ECONNRESET) where TCP gives ECONNREFUSED.
        case ECONNRESET where kind != .vsock: return reset(address, kernel)
        case ECONNREFUSED, ECONNRESET:
            return ClientFailure(
                .refused,
                "connection refused: nothing is listening on \(address) (is the server running?)")
        case ENOENT where kind.isUnix:
            return ClientFailure(
                .refused, "no such file or socket: \(address) (is the server running?)")
        case ENOTSOCK, EPROTOTYPE:
            return ClientFailure(
                .refused,
                "\(address) is not a socket of this type; unix:// is a stream, unix-seqpacket:// and unix-dgram:// have messages"
            )
        case EAGAIN: return ClientFailure(.timedOut, "timed out: the backlog of \(address) is full; try again later")
        case ETIMEDOUT: return timedOut(address)
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, ENETDOWN:
            return ClientFailure(.broken, "\(address) cannot be reached: \(kernel); `ip route get` shows the route")
        case EACCES, EPERM: return denied(address, kernel)
        case ENODEV where kind == .vsock:
            return ClientFailure(
                .noFamily,
                "\(address): no driver for this context; as root, modprobe vsock_loopback for CID 1,"
                    + " vhost_vsock on the host of virtual machines, vmw_vsock_virtio_transport in one")
        case ENODEV where kind == .can: return noInterface(address)
        default: return ClientFailure(.broken, "\(address): cannot connect: \(kernel)")
        }
    }

    private static func talking(
        _ error: SystemError, _ address: String, _ kind: SocketKind, _ kernel: String
    ) -> ClientFailure {
        switch error.errno {
        case ECONNREFUSED:
            return ClientFailure(
                .refused,
                "connection refused: nothing is listening on \(address) (is the server running?)")
        case ECONNRESET, ECONNABORTED: return reset(address, kernel)
        case EPIPE, ENOTCONN:
            return ClientFailure(.reset, "\(address) closed the connection before all data was sent")
        case ETIMEDOUT: return timedOut(address)
        case EMSGSIZE:
            return ClientFailure(
                .badInput,
                kind == .can
                    ? "\(address) does not support CAN FD: `ip link set … mtu 72` if the hardware does"
                    : "\(address): message too long for this socket; send it in parts, or by a stream")
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN:
            return ClientFailure(.broken, "\(address) cannot be reached: \(kernel); `ip route get` shows the route")
        case ENETDOWN where kind == .can:
            return ClientFailure(.broken, "\(address): the interface is down; as root, `ip link set … up`")
        case ENXIO where kind == .can, ENODEV where kind == .can: return noInterface(address)
        case EACCES, EPERM: return denied(address, kernel)
        default: return ClientFailure(.broken, "\(address): cannot \(error.operation): \(kernel)")
        }
    }

    private static func binding(_ error: SystemError, _ address: String, _ kernel: String) -> ClientFailure {
        switch error.errno {
        case EADDRINUSE:
            return ClientFailure(
                .notOurs, "\(address): address already in use by another process; `ss -anp` shows which")
        case EADDRNOTAVAIL:
            return ClientFailure(.notOurs, "\(address) is not an address of this host; `ip address` lists them")
        case EACCES, EPERM: return denied(address, kernel)
        case ENODEV: return noInterface(address)
        default: return ClientFailure(.notOurs, "cannot bind to \(address): \(kernel)")
        }
    }

    /// The timeout passed before the peer answered.
    static func timedOut(_ address: String) -> ClientFailure {
        ClientFailure(
            .timedOut,
            "timed out: no answer from \(address); --timeout waits longer, and a firewall may drop the packets")
    }

    /// The timeout passed before any data arrived.
    static func nothingCame(_ address: String) -> ClientFailure {
        ClientFailure(.timedOut, "timed out: no data from \(address); --timeout waits longer")
    }

    private static func reset(_ address: String, _ kernel: String) -> ClientFailure {
        ClientFailure(.reset, "\(address): \(kernel); its log may have the reason")
    }

    private static func denied(_ address: String, _ kernel: String) -> ClientFailure {
        ClientFailure(
            .denied, "\(address): \(kernel); the mode of the path, a port below 1024, or a firewall may be the reason")
    }

    private static func noInterface(_ address: String) -> ClientFailure {
        ClientFailure(
            .broken, "\(address): no such interface; `ip -brief link` lists the interfaces")
    }

    private static func missingFamily(
        _ error: SystemError, _ kind: SocketKind, _ address: String
    ) -> ClientFailure? {
        guard error.operation == "socket", [EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT].contains(error.errno)
        else { return nil }
        let what = "\(address): this kernel does not support the address family"
        return switch kind {
        case .can: ClientFailure(.noFamily, "\(what); as root, modprobe can_raw")
        case .rds: ClientFailure(.noFamily, "\(what); as root, modprobe rds_tcp")
        case .vsock: ClientFailure(.noFamily, "\(what); as root, modprobe vsock, and vsock_loopback for CID 1")
        case .tcp, .udp, .unixStream, .unixSeqpacket, .unixDatagram:
            ClientFailure(.noFamily, "\(what); IPv6 may be off: `sysctl net.ipv6.conf.all.disable_ipv6`")
        }
    }
}
