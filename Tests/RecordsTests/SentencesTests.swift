// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

@testable import Records

/// A record and what it has to say.
struct Sentence: CustomTestStringConvertible {
    let record: DaemonRecord
    let event: EventKind
    let level: RecordLevel
    let message: String

    init(_ record: DaemonRecord, _ event: EventKind, _ level: RecordLevel, _ message: String) {
        self.record = record
        self.event = event
        self.level = level
        self.message = message
    }

    var testDescription: String { message }

    static let echo = ListenerLabel(name: "echo", service: "echo")
    static let tcp = RecordedAddress(.tcp, .ipv4(.loopback, port: 7007))
    static let udp = RecordedAddress(.udp, .ipv4(.loopback, port: 7007))

    /// A connection cannot be made or accepted.
    static let connections: [Sentence] = [
        Sentence(
            .acceptPaused(because: SystemError("accept4", errno: EMFILE), .descriptors, on: tcp, listener: echo),
            .acceptPaused, .warning,
            "cannot accept connections: Too many open files (EMFILE). Clients wait in the backlog until accept succeeds;"
                + " raise LimitNOFILE= of the unit, or lower max-connections"),
        Sentence(
            .acceptPaused(because: SystemError("accept4", errno: ENFILE), .descriptors, on: tcp, listener: echo),
            .acceptPaused, .warning,
            "cannot accept connections: Too many open files in system (ENFILE). Clients wait in the backlog until accept"
                + " succeeds; raise `fs.file-max`, or lower max-connections"),
        Sentence(
            .acceptPaused(because: SystemError("accept4", errno: ENOMEM), .memory, on: tcp, listener: echo),
            .acceptPaused, .warning,
            "cannot accept connections: Cannot allocate memory (ENOMEM). Clients wait in the backlog until accept succeeds;"
                + " see `free` and `net.ipv4.tcp_mem`, or lower max-connections"),
        Sentence(
            .acceptPaused(because: SystemError("epoll_ctl", errno: ENOSPC), .watches, on: tcp, listener: echo),
            .acceptPaused, .warning,
            "cannot accept connections: No space left on device (ENOSPC). Clients wait in the backlog until accept"
                + " succeeds; raise `fs.epoll.max_user_watches`"),
        Sentence(
            .acceptPaused(because: SystemError("accept4", errno: EPERM), .permission, on: tcp, listener: echo),
            .acceptPaused, .warning,
            "cannot accept connections: Operation not permitted (EPERM). Clients wait in the backlog until accept succeeds;"
                + " see SystemCallFilter= of the unit and the security modules of the kernel"),
        Sentence(.acceptResumed(listener: echo), .acceptResumed, .notice, "accepting connections again"),
        Sentence(
            .listensAgain(on: tcp, listener: echo), .warning, .warning,
            "another program shut down the listening socket tcp://127.0.0.1:7007, as `ss --kill` does; the connections in"
                + " its backlog were lost, and usherd listens on it again"),
        Sentence(
            .passedSocketUnusable(because: SystemError("accept4", errno: EINVAL), on: tcp, listener: echo),
            .failed, .error,
            "cannot accept connections on tcp://127.0.0.1:7007: Invalid argument (EINVAL); the socket that systemd passed"
                + " is no longer listening. Restart its socket unit, then usherd"),
        Sentence(
            .datagramSocketUnwatched(because: SystemError("epoll_ctl", errno: ENOSPC), on: udp, listener: echo),
            .failed, .error,
            "cannot register udp://127.0.0.1:7007 with epoll: No space left on device (ENOSPC); it receives nothing"),
        Sentence(
            .refused(1, for: .listenerLimit(5), from: 1, until: 2, listener: echo, time: 3), .refused, .warning,
            "refused 1 more connection: max-connections of the listener (5)"),
        Sentence(
            .refused(1234, for: .upstreamsDown, from: 1, until: 2, listener: echo, time: 3), .refused, .warning,
            "refused 1 234 more connections: every upstream is down"),
    ]

    /// Listeners and what they wait for.
    static let listeners: [Sentence] = [
        Sentence(
            .listening(on: tcp, listener: echo), .listening, .notice, "echo listens on tcp://127.0.0.1:7007 for echo"),
        Sentence(
            .listening(on: tcp, because: .interfaceUp("can0"), listener: echo), .listening, .notice,
            "echo listens on tcp://127.0.0.1:7007 for echo: the interface can0 is up"),
        Sentence(
            .listening(on: tcp, because: .interfaceAdded("can0"), listener: echo), .listening, .notice,
            "echo listens on tcp://127.0.0.1:7007 for echo: the interface can0 was added"),
        Sentence(
            .listening(on: tcp, because: .addressAdded, listener: echo), .listening, .notice,
            "echo listens on tcp://127.0.0.1:7007 for echo: this host has the address again"),
        Sentence(
            .listening(on: udp, because: .groupJoined, listener: echo), .listening, .notice,
            "echo listens on udp://127.0.0.1:7007 for echo: the group was joined again"),
        Sentence(
            .listenerState("listening", awaited: [], connections: 1, upstreams: nil, listener: echo),
            .listener, .info, "echo is listening, with 1 connection"),
        Sentence(
            .listenerState(
                "waiting", awaited: ["can0 down", "can1 missing"], connections: 1283, upstreams: (all: 2, down: 1),
                listener: echo), .listener, .info,
            "echo is waiting (can0 down, can1 missing), with 1 283 connections, 1 of 2 upstreams down"),
        Sentence(
            .cannotListen("a.toml:2:3: no", errno: EADDRINUSE, listener: echo), .failed, .error, "a.toml:2:3: no"),
        Sentence(
            .listenerWaits("echo", for: "this host has no interface eth9", errno: ENODEV, listener: nil),
            .warning, .warning, "echo waits: this host has no interface eth9"),
        Sentence(
            .addressRemoved("192.0.2.1", of: tcp, listener: echo), .warning, .warning,
            "echo waits: the address 192.0.2.1 of tcp://127.0.0.1:7007 was removed from this host; clients can connect again"
                + " when it is added"),
        Sentence(
            .groupUnreachable(udp, because: SystemError("setsockopt", errno: ENODEV), listener: echo),
            .warning, .warning,
            "echo waits: the interface on which udp://127.0.0.1:7007 was joined was removed, and there is no other route to"
                + " the group: setsockopt: No such device (ENODEV); usherd joins it again when there is one"),
        Sentence(
            .hostUnwatched(because: SystemError("socket", errno: EAFNOSUPPORT), retries: false), .warning, .warning,
            "cannot watch the interfaces and addresses of this host: socket: Address family not supported by protocol"
                + " (EAFNOSUPPORT). usherd detects added or removed addresses only on a reload; allow AF_NETLINK in"
                + " RestrictAddressFamilies= of the unit"),
        Sentence(
            .hostUnwatched(because: SystemError("socket", errno: EMFILE), retries: true), .warning, .warning,
            "cannot watch the interfaces and addresses of this host: socket: Too many open files (EMFILE). usherd detects"
                + " added or removed addresses only on a reload; retrying every second"),
        Sentence(.hostWatched(), .recovered, .notice, "usherd watches the interfaces and addresses of this host"),
    ]

    /// Datagrams that were dropped.
    static let losses: [Sentence] = {
        let losses = DatagramLosses(2, on: udp, listener: echo)
        let one = FramedDatagramLosses(1, listener: echo)
        return [
            Sentence(
                .flowsRefused(losses, for: .listenerLimit(100)), .refused, .warning,
                "refused 2 datagrams from sources without a flow: max-connections of the listener (100). Flows end after"
                    + " idle-timeout"),
            Sentence(
                .datagramsTooLong(DatagramLosses(1, on: udp, listener: echo), longest: 65536), .lost, .warning,
                "dropped 1 datagram: message too long, the limit is 65536 bytes"),
            Sentence(
                .receiveBufferFull(DatagramLosses(12345, on: udp, listener: echo)), .lost, .warning,
                "the kernel dropped 12 345 datagrams: receive buffer full; its size is `net.core.rmem_default`"),
            Sentence(
                .repliesUnsent(losses, errno: ENETUNREACH, over: .udp), .lost, .warning,
                "could not send 2 datagrams; last error: Network is unreachable (ENETUNREACH)"),
            Sentence(
                .broadcastsDropped(losses), .lost, .warning,
                "dropped 2 datagrams sent to a broadcast address: add `?broadcast=true` to the address of the listener to"
                    + " receive them"),
            Sentence(
                .datagramsUnanswered(losses), .lost, .warning,
                "did not answer 2 datagrams: the source may be forged (the port of a service that answers too, a broadcast"
                    + " or multicast address, a socket of this daemon), or has no address"),
            Sentence(
                .datagramsUnrelayed(losses, errno: ENOBUFS, over: .rds), .lost, .warning,
                "could not relay 2 datagrams to an upstream; last error: No buffer space available (ENOBUFS): the receiver"
                    + " reads too slowly"),
            Sentence(
                .datagramsUnrelayed(losses, errno: EMSGSIZE, over: .rds), .lost, .warning,
                "could not relay 2 datagrams to an upstream; last error: Message too long (EMSGSIZE): longer than 1 MiB, or"
                    + " than the socket's send buffer (`net.core.wmem_max`)"),
            Sentence(
                .datagramsUnrelayed(losses, errno: EINVAL, over: .can), .lost, .warning,
                "could not relay 2 datagrams to an upstream; last error: Invalid argument (EINVAL): not a CAN frame, or a"
                    + " CAN FD frame on a bus without CAN FD"),
            Sentence(
                .repliesUnsent(losses, errno: ENOBUFS, over: .can), .lost, .warning,
                "could not send 2 datagrams; last error: No buffer space available (ENOBUFS): the queue of the interface is"
                    + " full (`ip link set NAME txqueuelen 1000`), or no other node acknowledges"),
            Sentence(
                .datagramsOfEndedFlows(losses), .lost, .warning,
                "dropped 2 datagrams whose flow ended before they were processed; the flow's record has the reason"),
            Sentence(
                .lineFeedInDatagrams(one), .lost, .warning,
                "could not relay 1 datagram: a line feed before the end would split the message; framing = \"length16\""
                    + " carries any bytes"),
            Sentence(
                .messagesTooLong(one, longest: 65535, framing: "length16"), .lost, .warning,
                "could not relay 1 datagram: message too long, the limit of framing = \"length16\" is 65535 bytes"),
            Sentence(
                .streamReadTooSlowly(one), .lost, .warning,
                "could not relay 1 datagram: the peer of the stream does not read fast enough"),
            Sentence(
                .messagesNotCANFrames(one), .lost, .warning,
                "could not relay 1 datagram: not a `struct can_frame` or `struct canfd_frame`"),
            Sentence(
                .upstreamReceiveBufferFull(one), .lost, .warning,
                "the kernel dropped 1 datagram from an upstream: receive buffer full; its size is `net.core.rmem_default`"
            ),
        ]
    }()
}

@Suite struct SentencesTests {
    @Test(
        arguments: Sentence.connections + Sentence.listeners + Sentence.losses + Sentence.buses + Sentence.upstreams
            + Sentence.daemon + Sentence.log + Sentence.control)
    func `each record has its sentence`(sentence: Sentence) {
        #expect(sentence.record.message == sentence.message)
        #expect(sentence.record.event == sentence.event)
        #expect(sentence.record.level == sentence.level)
    }

    @Test(arguments: [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1 000"), (12_345, "12 345"), (123_456, "123 456"),
        (1_234_567, "1 234 567"), (-5, "-5"), (-123, "-123"), (-1234, "-1 234"),
        (Int.max, "9 223 372 036 854 775 807"), (Int.min, "-9 223 372 036 854 775 808"),
    ])
    func `digits are in groups of three`(number: Int, text: String) {
        #expect(Quantity.grouped(number) == text)
    }
}
