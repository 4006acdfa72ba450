// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem

/// A listener that cannot be had.
struct ListenFailure: Error, Equatable {
    /// Why.
    enum Cause: Equatable {
        /// The kernel refused.
        case system(SystemError)
        /// Another process listens on the path.
        case pathIsLive
        /// The daemon itself listens on the path, by another kind of socket or under another spelling of it.
        case pathIsOurs
        /// What lies at the path is not a socket.
        case pathIsNoSocket
        /// systemd passed a socket that keeps the bounds of messages where a stream is wanted, or the other way round.
        case wrongKind(SocketKind, wanted: Set<SocketKind>)
        /// systemd passed a UDP socket that others than this host reach, for a service that would serve to flood somebody.
        case amplifies
        /// systemd passed no socket of this name; it passed these.
        case notPassed(names: [String])
    }

    /// The listener's name.
    var listener: String

    /// The address as it was written.
    var address: ListenAddress

    /// Why.
    var cause: Cause

    /// The error number behind it, for `ERRNO=` of sd_notify(3).
    var errno: CInt {
        switch cause {
        case .system(let error): error.errno
        case .pathIsLive, .pathIsOurs: EADDRINUSE
        case .pathIsNoSocket: EEXIST
        case .wrongKind: EPROTOTYPE
        case .amplifies: EPERM
        case .notPassed: ENOENT
        }
    }

    /// A sentence: where, which listener, what, and what to do.
    var message: String {
        // It goes into a record and a line of STATUS=: neither the path of a file nor that of a socket may break it.
        TerminalText.safe(
            "\(address.origin): listener \(listener): cannot listen on \(address.endpoint): \(explanation)")
    }

    private var explanation: String {
        switch cause {
        case .pathIsLive:
            return "another process listens on this path; stop it, or use another path"
        case .pathIsOurs:
            return "the daemon itself listens on this path, in another way, until the new configuration is in force;"
                + " reload once without this address, and then with it"
        case .pathIsNoSocket:
            return "there is a file of another kind at this path, which is left alone; remove it, or use another path"
        case .wrongKind(let kind, let wanted):
            let key =
                wanted.contains(.tcp)
                ? "ListenStream=" : wanted.contains(.udp) ? "ListenDatagram=" : "ListenSequentialPacket="
            return "systemd passed a socket of the kind \(kind.scheme), which the service, its upstreams or the PROXY"
                + " header of this listener cannot be used with; use \(key) in its .socket unit"
        case .amplifies:
            return
                "the service answers with more than it is asked, to whoever the sender claims to be, and systemd passed"
                + " a UDP socket that is not on loopback; write allow-amplification = true if only trusted hosts reach it"
        case .notPassed(let names):
            let passed = names.isEmpty ? "it passed none" : "it passed \(names.joined(separator: ", "))"
            return "systemd passed no socket of this name (\(passed));"
                + " set FileDescriptorName= in a .socket unit that belongs to this service"
        case .system(let error):
            return "\(error)\(Self.help(for: error, scheme: address.endpoint.scheme))"
        }
    }

    /// What brings a family of sockets that the kernel does not know, or the unit does not allow: seccomp answers as a kernel
    /// without it does.
    private static func missingFamily(_ scheme: EndpointScheme) -> String {
        guard let modules = scheme.kind?.modules else {
            return
                "; this kernel lacks the address family (`modprobe ipv6` for IPv6), or RestrictAddressFamilies= of the"
                + " unit does not let it through"
        }
        return "; this kernel lacks the family of `\(scheme.rawValue)`: `modprobe -a \(modules)`, and a file in"
            + " /etc/modules-load.d for each boot; under systemd, RestrictAddressFamilies= of the unit has to name"
            + " AF_\(scheme.rawValue.uppercased())"
    }

    private static func help(for error: SystemError, scheme: EndpointScheme) -> String {
        switch (error.operation.description, error.errno) {
        case ("socket", EAFNOSUPPORT), ("socket", EPROTONOSUPPORT), ("socket", ESOCKTNOSUPPORT):
            missingFamily(scheme)
        case ("bind", EADDRNOTAVAIL) where scheme == .vsock:
            "; no transport of vsock has this context: `modprobe vsock_loopback` for vsock://local, vhost_vsock on the host"
                + " of virtual machines"
        case ("bind", EADDRNOTAVAIL) where scheme == .rds:
            "; this host has no such address (see ip address), or RDS no transport: `modprobe rds_tcp`"
        case ("bind", ENODEV) where scheme == .can:
            "; this interface does not lead to a CAN bus: `ip -details link` shows those that do"
        case ("bind", EADDRINUSE), ("listen", EADDRINUSE):
            "; another process has it: see ss -lxtup, stop that process, or use another address"
        case ("bind", EROFS):
            "; the file system is read-only, or so for the daemon: see ReadWritePaths= of the unit"
        case ("bind", EACCES):
            "; a port below 1024 needs CAP_NET_BIND_SERVICE, and a path needs a directory that the daemon may write"
        case ("bind", EADDRNOTAVAIL):
            "; this host has no such address: see ip address"
        case ("unlink", EACCES), ("unlink", EPERM):
            "; a dead process has left a socket there that the daemon may not remove: remove it"
        case ("bind", ENOENT), ("bind", ENOTDIR):
            "; make the directory first"
        case ("chown", EPERM):
            "; only root, or a daemon with CAP_CHOWN, may give a file away: drop user= and group=, or let systemd pass the socket"
        case (_, EMFILE):
            "; raise LimitNOFILE= of the unit"
        case ("listen", ENOTCONN):
            "; the passed socket does not listen: use ListenStream= or ListenSequentialPacket= with Accept=no"
        case (_, ENFILE):
            "; raise fs.file-max of the host"
        case ("getsockopt", ENOTSOCK), ("getsockopt", EPROTONOSUPPORT), ("getsockname", EAFNOSUPPORT):
            "; what was passed is of no kind that is served here: TCP, Unix stream or seqpacket, vsock"
        default:
            ""
        }
    }
}
