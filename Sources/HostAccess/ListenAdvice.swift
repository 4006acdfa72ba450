// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Configuration
import Glibc
package import LinuxSystem

/// What to do if the kernel refuses to bind or listen on an address. Pure.
package enum ListenAdvice {
    /// The errno of bind(2) for a privileged port, and for a directory without write permission.
    package static let permissionDenied = EACCES

    /// The errno of bind(2) for a link-local address whose interface is missing.
    package static let noDevice = ENODEV

    /// The advice for an address family that the kernel lacks or the unit does not allow.
    ///
    /// seccomp makes both fail in the same way.
    private static func missingFamily(_ scheme: EndpointScheme) -> String {
        guard let modules = scheme.kind?.modules else {
            return
                "this kernel lacks the address family (`modprobe ipv6` for IPv6), or RestrictAddressFamilies= of the"
                + " unit does not allow it"
        }
        return "this kernel lacks the family of `\(scheme.rawValue)`: `modprobe -a \(modules)`, and a file in"
            + " /etc/modules-load.d for each boot; under systemd, RestrictAddressFamilies= of the unit has to name"
            + " AF_\(scheme.rawValue.uppercased())"
    }

    /// The advice for a socket that cannot be given to a user or group.
    private static func owner(_ options: EndpointOptions) -> String {
        if options.user == nil, let group = options.group {
            return
                "usherd may give a socket to its own groups alone: write SupplementaryGroups=\(group) below [Service] with"
                + " `systemctl edit usherd`, then `systemctl restart usherd`"
        }
        return
            "only root, or a daemon with CAP_CHOWN, may give a socket to another user: put the drop-in unix-owners.conf of"
            + " /usr/share/doc/usherd/examples into /etc/systemd/system/usherd.service.d, or drop `user`"
    }

    /// The advice for an error; empty if there is none.
    package static func text(for error: SystemError, at endpoint: Endpoint) -> String {
        let scheme = endpoint.scheme
        return switch (error.operation.description, error.errno) {
        case ("socket", EAFNOSUPPORT), ("socket", EPROTONOSUPPORT), ("socket", ESOCKTNOSUPPORT):
            missingFamily(scheme)
        case ("bind", EADDRNOTAVAIL) where scheme == .vsock:
            "no vsock transport has this context: `modprobe vsock_loopback` for vsock://local, vhost_vsock on the host"
                + " of virtual machines"
        case ("bind", EADDRNOTAVAIL) where scheme == .rds:
            "this host has no such address (see ip address), or RDS no transport: `modprobe rds_tcp`"
        case ("bind", ENODEV) where scheme == .can:
            "this interface is not a CAN interface: `ip -details link` shows the type of each"
        case ("bind", ENODEV) where endpoint.interfaceNumber != nil:
            "this host has no interface of this number: `ip link` shows the interfaces; a name, such as %eth0, is still right"
                + " after the interface was recreated"
        case ("bind", EADDRINUSE), ("listen", EADDRINUSE):
            "another process uses it: see ss -lxtup, stop that process, or use another address"
        case ("bind", EROFS):
            "the file system is read-only, or so for the daemon: see ReadWritePaths= of the unit"
        case ("bind", EACCES):
            "a port below 1024 needs CAP_NET_BIND_SERVICE, and a path needs a directory that the daemon may write"
        case ("bind", EADDRNOTAVAIL):
            "this host has no such address: see ip address; usherd listens there when the address is added"
        case ("unlink", EACCES), ("unlink", EPERM):
            "a process that ended left a socket there that the daemon may not remove: remove it"
        case ("bind", ENOENT), ("bind", ENOTDIR):
            "create the directory first"
        case ("chown", EPERM):
            owner(endpoint.options)
        case (_, EMFILE):
            "raise LimitNOFILE= of the unit"
        case ("listen", ENOTCONN):
            "the passed socket does not listen: use ListenStream= or ListenSequentialPacket= with Accept=no"
        case (_, ENFILE):
            "raise fs.file-max of the host"
        case ("getsockopt", ENOTSOCK), ("getsockopt", EPROTONOSUPPORT), ("getsockname", EAFNOSUPPORT):
            "unsupported socket type; systemd must pass a TCP, Unix stream or seqpacket, or vsock socket"
        default:
            ""
        }
    }
}
