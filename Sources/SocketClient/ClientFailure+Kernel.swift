// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

extension ClientFailure {
    /// What the client was doing when the kernel said no.
    enum Activity {
        /// Connecting to the address.
        case connecting
        /// Making the address its own.
        case listening
        /// Making the address of `--source` its own.
        case binding
        /// Sending or receiving.
        case talking
    }

    /// Puts what the kernel says into words.
    ///
    /// - Parameter address: the address that it is about, in the grammar of addresses.
    init(_ error: SystemError, _ activity: Activity, _ address: String, kind: SocketKind) {
        if let failure = Self.missingFamily(error, kind, address) {
            self = failure
            return
        }
        let kernel = "\(error.reason) (\(error.symbol))"
        switch activity {
        case .listening, .binding: self = Self.own(error, address, kernel)
        case .connecting: self = Self.connecting(error, address, kind, kernel)
        case .talking: self = Self.talking(error, address, kind, kernel)
        }
    }

    private static func connecting(
        _ error: SystemError, _ address: String, _ kind: SocketKind, _ kernel: String
    ) -> ClientFailure {
        switch error.errno {
        // A vsock peer answers with a reset where TCP would refuse.
        case ECONNRESET where kind != .vsock: return reset(address, kernel)
        case ECONNREFUSED, ECONNRESET:
            return ClientFailure(
                .refused,
                "\(address) refuses: nobody listens there; see that the server runs, and that the address is its own")
        case ENOENT where kind.isUnix:
            return ClientFailure(
                .refused, "\(address): there is no such socket; see that the server runs, and that the path is its own")
        case ENOTSOCK, EPROTOTYPE:
            return ClientFailure(
                .refused,
                "\(address) is no socket of this kind; unix:// is a stream, unix-seqpacket:// and unix-dgram:// have messages"
            )
        case EAGAIN: return ClientFailure(.timedOut, "\(address) does not accept: its backlog is full; try again later")
        case ETIMEDOUT: return timedOut(address)
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, ENETDOWN:
            return ClientFailure(.broken, "\(address) cannot be reached: \(kernel); `ip route get` shows the way to it")
        case EACCES, EPERM: return denied(address, kernel)
        case ENODEV where kind == .vsock:
            return ClientFailure(
                .noFamily,
                "\(address): no driver reaches this context; as root, modprobe vsock_loopback for CID 1,"
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
                "\(address) refuses: nobody listens there; see that the server runs, and that the address is its own")
        case ECONNRESET, ECONNABORTED: return reset(address, kernel)
        case EPIPE, ENOTCONN:
            return ClientFailure(.reset, "\(address) closed the connection before it had taken everything")
        case ETIMEDOUT: return timedOut(address)
        case EMSGSIZE:
            return ClientFailure(
                .badInput,
                kind == .can
                    ? "\(address) does not take frames of CAN FD: `ip link set … mtu 72` where the hardware can"
                    : "\(address): a message is longer than such a socket takes; send it in parts, or by a stream")
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN:
            return ClientFailure(.broken, "\(address) cannot be reached: \(kernel); `ip route get` shows the way to it")
        case ENETDOWN where kind == .can:
            return ClientFailure(.broken, "\(address): the interface is down; as root, `ip link set … up`")
        case ENXIO where kind == .can, ENODEV where kind == .can: return noInterface(address)
        case EACCES, EPERM: return denied(address, kernel)
        default: return ClientFailure(.broken, "\(address): cannot \(error.operation): \(kernel)")
        }
    }

    private static func own(_ error: SystemError, _ address: String, _ kernel: String) -> ClientFailure {
        switch error.errno {
        case EADDRINUSE:
            return ClientFailure(.notOurs, "\(address) is in use by another program; `ss -anp` shows by which")
        case EADDRNOTAVAIL:
            return ClientFailure(.notOurs, "\(address) is no address of this host; `ip address` shows its addresses")
        case EACCES, EPERM: return denied(address, kernel)
        case ENODEV: return noInterface(address)
        default: return ClientFailure(.notOurs, "\(address) cannot be had: \(kernel)")
        }
    }

    /// The time has passed before the other side answered.
    static func timedOut(_ address: String) -> ClientFailure {
        ClientFailure(
            .timedOut,
            "\(address) does not answer in time; --timeout waits longer, and a firewall may be what swallows it")
    }

    /// The time has passed before anything came in.
    static func nothingCame(_ address: String) -> ClientFailure {
        ClientFailure(.timedOut, "\(address): nothing has come in time; --timeout waits longer")
    }

    private static func reset(_ address: String, _ kernel: String) -> ClientFailure {
        ClientFailure(.reset, "\(address) broke the connection off: \(kernel); its log may say why")
    }

    private static func denied(_ address: String, _ kernel: String) -> ClientFailure {
        ClientFailure(
            .denied, "\(address): \(kernel); the mode of a path, a port below 1024, or a firewall can be the reason")
    }

    private static func noInterface(_ address: String) -> ClientFailure {
        ClientFailure(
            .broken, "\(address): there is no such interface for it; `ip -brief link` shows those that there are")
    }

    private static func missingFamily(
        _ error: SystemError, _ kind: SocketKind, _ address: String
    ) -> ClientFailure? {
        guard error.operation == "socket", [EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT].contains(error.errno)
        else { return nil }
        let what = "\(address): this kernel has no sockets of this family"
        return switch kind {
        case .can: ClientFailure(.noFamily, "\(what); as root, modprobe can_raw")
        case .rds: ClientFailure(.noFamily, "\(what); as root, modprobe rds_tcp")
        case .vsock: ClientFailure(.noFamily, "\(what); as root, modprobe vsock, and vsock_loopback for CID 1")
        case .tcp, .udp, .unixStream, .unixSeqpacket, .unixDatagram:
            ClientFailure(.noFamily, "\(what); IPv6 may be off: `sysctl net.ipv6.conf.all.disable_ipv6`")
        }
    }
}
