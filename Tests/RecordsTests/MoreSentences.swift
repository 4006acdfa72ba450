// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

@testable import Records

extension Sentence {
    /// CAN buses and their interfaces.
    static let buses: [Sentence] = {
        let can0 = InterfaceName("can0") ?? .any
        let bus = RecordedAddress(.can, .can(can0, .none))
        let lostArbitration = CANErrorFrame(
            CANIdentifier(rawValue: 0x002 | CANIdentifier.errorFlag), data: [5])
        let restarted = CANErrorFrame(CANIdentifier(rawValue: 0x100 | CANIdentifier.errorFlag))
        func waits(_ wait: InterfaceWait, _ message: String) -> Sentence {
            Sentence(.interfaceAwaited(can0, wait, on: bus, listener: echo), .warning, .warning, message)
        }
        return [
            Sentence(
                .interfacesUnwatched(because: SystemError("socket", errno: EAFNOSUPPORT), on: bus, listener: echo),
                .warning, .warning,
                "cannot watch the interfaces, so changes are not detected: socket: Address family not supported by protocol"
                    + " (EAFNOSUPPORT); allow AF_NETLINK in RestrictAddressFamilies= of the unit"),
            Sentence(
                .interfaceUnusable(can0, because: SystemError("bind", errno: EPERM), on: bus, listener: echo),
                .failed, .error, "cannot use the interface can0: bind: Operation not permitted (EPERM)"),
            waits(.down, "echo waits: the interface can0 is down (bring it up with `ip link set can0 up`)"),
            waits(.removed, "echo waits: the interface can0 was removed; waiting for it"),
            waits(
                .missing,
                "echo waits: this host has no interface can0; waiting for it (`ip link` lists the interfaces)"),
            waits(.notCAN, "echo waits: the interface can0 is not a CAN interface; waiting for one of this name"),
            Sentence(
                .busErrors(1, .lostArbitration, last: lostArbitration, from: can0, on: bus, listener: echo),
                .warning, .warning, "can0: lost arbitration in bit 5"),
            Sentence(
                .busErrors(7, .lostArbitration, last: lostArbitration, from: can0, on: bus, listener: echo),
                .warning, .warning, "can0: lost arbitration in bit 5 (the last of 7 such error frames)"),
            Sentence(
                .busErrors(1, .restarted, last: restarted, from: can0, on: bus, listener: echo),
                .warning, .notice, "can0: the controller is on the bus again"),
        ]
    }()

    /// Upstreams, and what this host lacks to reach them.
    static let upstreams: [Sentence] = {
        let front = "tcp://192.0.2.7:80"
        func down(_ outage: UpstreamOutage, _ message: String) -> Sentence {
            Sentence(.upstreamDown(front, because: outage, listener: echo), .upstreamDown, .warning, message)
        }
        func lacks(_ fault: HostFault, _ errno: CInt, _ message: String) -> Sentence {
            Sentence(
                .hostLacks(fault, because: SystemError("connect", errno: errno), towards: front, listener: echo),
                .warning, .warning, message)
        }
        func over(_ fault: HostFault, _ target: String?, _ message: String) -> Sentence {
            Sentence(
                .shortageEnded(
                    fault, quiet: 10_000_000_000, attempts: 42, within: 3_250_000_000, towards: target),
                .recovered, .notice, message)
        }
        let head = "\(front) is down: 3 failed checks in a row, last error: "
        return [
            down(
                .connections(1, last: "Connection refused (ECONNREFUSED)"),
                "\(front) is down: 1 failed connection in a row, last error: Connection refused (ECONNREFUSED). Retrying from"
                    + " time to time"),
            down(
                .checks(3, last: .connect("Connection refused (ECONNREFUSED)")),
                "\(head)connect failed: Connection refused (ECONNREFUSED)"),
            down(
                .checks(3, last: .broken(errno: ECONNRESET)),
                "\(head)connection failed: Connection reset by peer (ECONNRESET)"),
            down(.checks(3, last: .closed), "\(head)closed before answering"),
            down(.checks(3, last: .timedOut), "\(head)no answer within timeout"),
            down(.checks(3, last: .unexpectedAnswer), "\(head)unexpected answer"),
            Sentence(
                .upstreamUp(front, after: 12_340_000_000, listener: echo), .upstreamUp, .notice,
                "\(front) is up again after 12.3 s"),
            Sentence(
                .nameUnresolved("db.example", because: "no such name", hasAddresses: true, listener: echo),
                .warning, .warning,
                "cannot resolve the name db.example: no such name. Its last addresses stay in use, and the look-up is"
                    + " repeated; check that the name server answers (`getent ahosts db.example`)"),
            Sentence(
                .nameUnresolved("db.example", because: "no such name", hasAddresses: false, listener: echo),
                .warning, .warning,
                "cannot resolve the name db.example: no such name. Clients wait for an address up to connect-timeout; check"
                    + " that the name server answers (`getent ahosts db.example`)"),
            Sentence(
                .nameResolved("db.example", listener: echo), .recovered, .notice,
                "the name db.example can be resolved again"),
            lacks(
                .localPorts, EADDRNOTAVAIL,
                "no free local port to connect to \(front): Cannot assign requested address (EADDRNOTAVAIL). Clients wait"
                    + " until one is free; widen `net.ipv4.ip_local_port_range`, or give the upstream more addresses"),
            lacks(
                .descriptors, EMFILE,
                "no free descriptor to connect to \(front): Too many open files (EMFILE). Clients wait until one is free;"
                    + " raise LimitNOFILE= of the unit (EMFILE) or `fs.file-max` (ENFILE), or lower max-connections"),
            lacks(
                .memory, ENOMEM,
                "the kernel is out of memory, needed to connect to \(front): Cannot allocate memory (ENOMEM). Clients wait"
                    + " until there is some; see `free` and `net.ipv4.tcp_mem`, or lower max-connections"),
            lacks(
                .buffers, ENOBUFS,
                "the kernel is out of buffers, needed to connect to \(front): No buffer space available (ENOBUFS). Clients"
                    + " wait until there is some; see `free` and `net.ipv4.tcp_mem`, or lower max-connections"),
            lacks(
                .watches, ENOSPC,
                "epoll watch limit of this user reached, needed to connect to \(front): No space left on device (ENOSPC)."
                    + " Clients wait until one is free; raise `fs.epoll.max_user_watches`"),
            lacks(
                .route, ENETUNREACH,
                "this host has no route to \(front): Network is unreachable (ENETUNREACH). It does not count against the"
                    + " upstream; `ip route get ADDRESS` shows the route"),
            lacks(
                .sourceAddress, EADDRNOTAVAIL,
                "this host does not have the source address to connect to \(front): Cannot assign requested address"
                    + " (EADDRNOTAVAIL). It does not count against the upstream; see `source` and `ip address`"),
            lacks(
                .permission, EPERM,
                "permission denied connecting to \(front): Operation not permitted (EPERM). It does not count against the"
                    + " upstream; see the firewall, IPAddressDeny= and RestrictAddressFamilies= of the unit, and the security"
                    + " modules"),
            lacks(
                .unsupported, EAFNOSUPPORT,
                "this host does not support the address family of \(front): Address family not supported by protocol"
                    + " (EAFNOSUPPORT). It does not count against the upstream; see the kernel's modules, and"
                    + " RestrictAddressFamilies= of the unit"),
            lacks(
                .names, EAGAIN,
                "the name server does not answer for \(front): Resource temporarily unavailable (EAGAIN). It does not count"
                    + " against the upstream; see resolv.conf(5)"),
            over(
                .localPorts, front,
                "no attempt to connect to \(front) failed in the last 10 s because of a lack of local ports; 42 attempts had"
                    + " failed within 3.2 s"),
            over(
                .descriptors, nil,
                "no attempt to connect failed in the last 10 s because of a lack of descriptors; 42 attempts had failed"
                    + " within 3.2 s"),
        ]
            + [
                (HostFault.memory, "memory"), (.buffers, "buffers"), (.watches, "epoll watches"), (.route, "a route"),
                (.sourceAddress, "the source address"), (.permission, "permission"),
                (.unsupported, "support for the address family"), (.names, "an answer from the name server"),
            ].map { fault, want in
                over(
                    fault, nil,
                    "no attempt to connect failed in the last 10 s because of a lack of \(want); 42 attempts had failed"
                        + " within 3.2 s")
            }
    }()

    /// The daemon itself: start, reload, stop.
    static let daemon: [Sentence] = [
        Sentence(
            .started(version: "1.2", listeners: 2, lanes: 1, path: "/etc/usher/usherd.toml"), .started, .notice,
            "usherd 1.2 serves 2 listeners on 1 lane, with /etc/usher/usherd.toml"),
        Sentence(
            .passedSocketUnused("web"), .warning, .warning,
            "systemd passed a socket web, but no listener uses it: listen on systemd://web"),
        Sentence(
            .descriptorLimitLow(maxConnections: 2000, limit: 1024, needed: 4032), .warning, .warning,
            "max-connections is 2000, but the process may have only 1024 descriptors: raise LimitNOFILE= of the unit, or"
                + " ulimit -n, to 4032, or lower max-connections"),
        Sentence(
            .laneSilent(3), .warning, .warning,
            "lane 3 does not answer; systemd will restart usherd if this continues (WatchdogSec=)"),
        Sentence(.ownBug("a bug"), .failed, .error, "a bug"),
        Sentence(
            .reloaded([(1, "added"), (0, "removed"), (2, "unchanged")]), .reload, .notice,
            "configuration reloaded: 1 added, 2 unchanged"),
        Sentence(
            .reloadFailed(because: "a.toml:2:3: no"), .reloadFailed, .error,
            "the old configuration stays in force: a.toml:2:3: no"),
        Sentence(
            .listenerDraining(connections: 0, timeout: "30s", listener: echo), .draining, .notice,
            "echo was removed; draining: no connection is open"),
        Sentence(
            .listenerDraining(connections: 1200, timeout: "30s", listener: echo), .draining, .notice,
            "echo was removed; draining: waiting up to 30s for 1 200 connections"),
        Sentence(.listenerStopped(closed: 0, listener: echo), .stopped, .notice, "echo stopped"),
        Sentence(
            .listenerStopped(closed: 1, listener: echo), .stopped, .notice, "echo stopped; 1 connection closed"),
        Sentence(
            .draining(connections: 0, timeout: "30s"), .draining, .notice, "draining: no connection is open"),
        Sentence(
            .draining(connections: 1, timeout: "1m30s"), .draining, .notice,
            "draining: waiting up to 1m30s for 1 connection"),
        Sentence(.stopped(version: "1.2", closed: 0), .stopped, .notice, "usherd 1.2 stopped"),
        Sentence(
            .stopped(version: "1.2", closed: 2), .stopped, .notice, "usherd 1.2 stopped; 2 connections closed"),
        Sentence(
            .laneNotEnded(), .failed, .error,
            "a lane did not end in time; records of its connections may be missing"),
    ]

    /// The destinations of the log.
    static let log: [Sentence] = {
        let error = SystemError("write", errno: ENOSPC)
        return [
            Sentence(.logReopened("/log", time: 1), .reopened, .notice, "reopened /log"),
            Sentence(
                .logFileReplaced("/log", lost: 0, time: 1), .reopened, .warning,
                "/log was moved or removed; reopened it"),
            Sentence(
                .logFileReplaced("/log", lost: 12, time: 1), .reopened, .warning,
                "/log was moved or removed; reopened it, up to 12 records lost"),
            Sentence(
                .logKeepsOldFile("/log", because: error, time: 1), .failed, .error,
                "cannot reopen /log: No space left on device (ENOSPC); still writing to the old file"),
            Sentence(
                .logFailed("/log", because: error, time: 1), .logFailed, .error,
                "cannot write the log to /log: No space left on device (ENOSPC); retrying"),
            Sentence(
                .logStuck("/log"), .logFailed, .error,
                "/log cannot be written to; its records are dropped and counted"),
            Sentence(
                .logResumed("/log", lost: 1, time: 1), .logResumed, .notice,
                "/log can be written to again; 1 record lost"),
            Sentence(
                .recordsDropped(7, for: "/log", first: 1, last: 2, time: 3), .dropped, .warning,
                "dropped 7 records for /log: records were written faster than it accepts them"),
            Sentence(
                .recordsAbandoned(7, for: "/log"), .dropped, .warning,
                "7 records for /log were not written: a reload removed it while it was stuck"),
        ]
    }()

    /// The control socket.
    static let control: [Sentence] = {
        let caller = PeerCredentials(pid: 77, uid: 1000, gid: 1000)
        return [
            Sentence(
                .operated("pause front", by: caller), .operated, .notice,
                "user 1000 (process 77) asked for: pause front"),
            Sentence(
                .controlUnavailable(at: "/run/usherd/control", because: "WHY", errno: EACCES), .warning, .warning,
                "cannot listen on the control socket /run/usherd/control, so that usherctl does not reach this usherd: WHY"
            ),
            Sentence(
                .controlAvailable(at: "/run/usherd/control"), .recovered, .notice,
                "listening on the control socket /run/usherd/control"),
            Sentence(
                .controlWithoutPlace(), .warning, .warning,
                "there is no control socket, since neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set: set control of"
                    + " [daemon] to a path, or to false"),
        ]
    }()
}
