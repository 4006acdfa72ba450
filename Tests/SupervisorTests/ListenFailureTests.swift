// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

@testable import Supervisor

@Suite struct ListenFailureTests {
    private func failure(
        _ cause: ListenFailure.Cause, _ address: String = "tcp://127.0.0.1:7007",
        path: String = "/etc/usherd/usherd.toml", group: String? = nil
    ) throws -> ListenFailure {
        let settings = try listener(address, path: path)
        var address = try #require(settings.listen.first)
        // The host of these tests knows no groups, so an address with one is not read.
        var options = address.endpoint.options
        options.group = group ?? options.group
        address.endpoint = Endpoint(
            scheme: address.endpoint.scheme, location: address.endpoint.location, options: options)
        return ListenFailure(listener: settings.name, address: address, cause: cause)
    }

    private static let start = "/etc/usherd/usherd.toml:2:11: listener test: cannot listen on tcp://127.0.0.1:7007: "

    @Test(
        arguments: [
            (
                ListenFailure.Cause.system(SystemError("bind", errno: EADDRINUSE)), EADDRINUSE,
                "bind: Address already in use (EADDRINUSE); another process uses it: see ss -lxtup, stop that process, or use"
                    + " another address"
            ),
            (
                .system(SystemError("bind", errno: EACCES)), EACCES,
                "bind: Permission denied (EACCES); a port below 1024 needs CAP_NET_BIND_SERVICE, and a path needs a directory"
                    + " that the daemon may write"
            ),
            (
                .system(SystemError("bind", errno: EADDRNOTAVAIL)), EADDRNOTAVAIL,
                "bind: Cannot assign requested address (EADDRNOTAVAIL); this host has no such address: see ip address; usherd listens"
                    + " there when the address is added"
            ),
            (
                .system(SystemError("bind", errno: ENOENT)), ENOENT,
                "bind: No such file or directory (ENOENT); create the directory first"
            ),
            (
                .system(SystemError("bind", errno: EROFS)), EROFS,
                "bind: Read-only file system (EROFS); the file system is read-only, or so for the daemon: see ReadWritePaths="
                    + " of the unit"
            ),
            (
                .system(SystemError("chown", errno: EPERM)), EPERM,
                "chown: Operation not permitted (EPERM); only root, or a daemon with CAP_CHOWN, may give a socket to another user:"
                    + " put the drop-in unix-owners.conf of /usr/share/doc/usherd/examples into"
                    + " /etc/systemd/system/usherd.service.d, or drop `user`"
            ),
            (
                .system(SystemError("socket", errno: EAFNOSUPPORT)), EAFNOSUPPORT,
                "socket: Address family not supported by protocol (EAFNOSUPPORT); this kernel lacks the address family"
                    + " (`modprobe ipv6` for IPv6), or RestrictAddressFamilies= of the unit does not allow it"
            ),
            (
                .system(SystemError("socket", errno: EMFILE)), EMFILE,
                "socket: Too many open files (EMFILE); raise LimitNOFILE= of the unit"
            ),
            (
                .system(SystemError("socket", errno: ENFILE)), ENFILE,
                "socket: Too many open files in system (ENFILE); raise fs.file-max of the host"
            ),
            (
                .system(SystemError("unlink", errno: EPERM)), EPERM,
                "unlink: Operation not permitted (EPERM); a process that ended left a socket there that the daemon may"
                    + " not remove: remove it"
            ),
            (
                .system(SystemError("listen", errno: ENOTCONN)), ENOTCONN,
                "listen: Transport endpoint is not connected (ENOTCONN); the passed socket does not listen: use ListenStream="
                    + " or ListenSequentialPacket= with Accept=no"
            ),
            (
                .system(SystemError("getsockopt", errno: ENOTSOCK)), ENOTSOCK,
                "getsockopt: Socket operation on non-socket (ENOTSOCK); unsupported socket type; systemd must pass a"
                    + " TCP, Unix stream or seqpacket, or vsock socket"
            ),
            (.system(SystemError("socket", errno: ENOMEM)), ENOMEM, "socket: Cannot allocate memory (ENOMEM)"),
            (
                .pathIsLive, EADDRINUSE, "another process listens on this path; stop it, or use another path"
            ),
            (
                .pathIsOurs, EADDRINUSE,
                "the old configuration listens on this path with another socket type; reload once"
                    + " without this address, and then with it"
            ),
            (
                .pathIsNoSocket, EEXIST,
                "there is a file at this path that is not a socket, and usherd does not remove it; remove it, or use another"
                    + " path"
            ),
            (
                .wrongKind(.unixSeqpacket, wanted: [.tcp, .unixStream, .vsock]), EPROTOTYPE,
                "systemd passed a socket of type unix-seqpacket, which the service, its upstreams or the PROXY header of"
                    + " this listener cannot use; use ListenStream= in its .socket unit"
            ),
            (.passed(name: "echo"), EADDRINUSE, "systemd passed this address as `echo`: write systemd://echo"),
            (
                .notPassed(names: []), ENOENT,
                "systemd passed no socket of this name (it passed none); set FileDescriptorName= in a .socket unit that belongs"
                    + " to this service"
            ),
            (
                .notPassed(names: ["chat", "web"]), ENOENT,
                "systemd passed no socket of this name (it passed chat, web); set FileDescriptorName= in a .socket unit that"
                    + " belongs to this service"
            ),
        ] as [(ListenFailure.Cause, CInt, String)])
    func `the message has place, cause and advice`(cause: ListenFailure.Cause, errno: CInt, text: String) throws {
        let failure = try failure(cause)
        #expect(failure.message == Self.start + text)
        #expect(failure.errno == errno)
    }

    @Test func `the message for another group has the drop-in`() throws {
        let failure = try failure(
            .system(SystemError("chown", errno: EPERM)), "unix:///run/usherd/clock?mode=0660", group: "adm")
        #expect(
            failure.message.hasSuffix(
                "chown: Operation not permitted (EPERM); usherd may give a socket to its own groups alone: write"
                    + " SupplementaryGroups=adm below [Service] with `systemctl edit usherd`, then `systemctl restart usherd`"
            ), "\(failure.message)")
    }

    @Test func `the message is one line for any names of file and socket`() throws {
        let failure = try failure(.pathIsLive, "unix:///tmp/a%0Ab\u{202e}c", path: "/tmp/x\ny\u{1b}.toml")
        #expect(!failure.message.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202e })
        #expect(
            failure.message.hasPrefix(
                "/tmp/x\\u{A}y\\u{1B}.toml:2:11: listener test: cannot listen on unix:///tmp/a%0Ab"))
    }
}
