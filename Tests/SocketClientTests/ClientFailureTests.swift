// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

@testable import SocketClient

/// What a person and a script are told when it does not work.
@Suite struct ClientFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let operation: StaticOperation
        let number: CInt
        let activity: ClientFailure.Activity
        let kind: SocketKind
        let status: CInt
        let words: String

        init(
            _ operation: StaticOperation, _ number: CInt, _ activity: ClientFailure.Activity, _ kind: SocketKind,
            _ status: CInt, _ words: String
        ) {
            (self.operation, self.number, self.activity, self.kind) = (operation, number, activity, kind)
            (self.status, self.words) = (status, words)
        }

        var testDescription: String { "\(kind) \(activity) \(SystemError.symbol(of: number))" }
    }

    @Test(arguments: [
        Case("connect", ECONNREFUSED, .connecting, .tcp, 69, "connection refused: nothing is listening on "),
        Case("connect", ECONNREFUSED, .connecting, .unixStream, 69, "connection refused: nothing is listening on "),
        Case("connect", ECONNRESET, .connecting, .vsock, 69, "connection refused: nothing is listening on "),
        Case("connect", ECONNRESET, .connecting, .tcp, 76, "Connection reset by peer (ECONNRESET)"),
        Case("connect", ENOENT, .connecting, .unixDatagram, 69, "no such file or socket"),
        Case("connect", EPROTOTYPE, .connecting, .unixStream, 69, "unix-seqpacket://"),
        Case("connect", EAGAIN, .connecting, .unixStream, 75, "backlog of"),
        Case("connect", ETIMEDOUT, .connecting, .tcp, 75, "--timeout"),
        Case("connect", EHOSTUNREACH, .connecting, .tcp, 74, "ip route get"),
        Case("connect", EACCES, .connecting, .unixStream, 77, "mode of the path"),
        Case("connect", ENODEV, .connecting, .vsock, 71, "modprobe vsock_loopback"),
        Case("bind", ENODEV, .connecting, .can, 74, "ip -brief link"),
        Case("connect", EIO, .connecting, .tcp, 74, "cannot connect"),
        Case("socket", EAFNOSUPPORT, .connecting, .can, 71, "modprobe can_raw"),
        Case("socket", EAFNOSUPPORT, .listening, .rds, 71, "modprobe rds_tcp"),
        Case("socket", EAFNOSUPPORT, .listening, .vsock, 71, "modprobe vsock"),
        Case("socket", EAFNOSUPPORT, .connecting, .tcp, 71, "disable_ipv6"),
        Case("socket", EPROTONOSUPPORT, .connecting, .can, 71, "modprobe can_raw"),
        Case("bind", EADDRINUSE, .listening, .udp, 73, "ss -anp"),
        Case("bind", EADDRNOTAVAIL, .binding, .tcp, 73, "ip address"),
        Case("bind", EACCES, .listening, .tcp, 77, "port below 1024"),
        Case("bind", ENOTDIR, .listening, .unixStream, 73, "cannot bind to"),
        Case("recvmsg", ECONNREFUSED, .talking, .udp, 69, "connection refused: nothing is listening on "),
        Case("recv", ECONNRESET, .talking, .tcp, 76, "Connection reset by peer (ECONNRESET)"),
        Case("send", EPIPE, .talking, .tcp, 76, "before all data was sent"),
        Case("recv", ETIMEDOUT, .talking, .tcp, 75, "no answer from"),
        Case("sendto", EMSGSIZE, .talking, .udp, 65, "message too long"),
        Case("sendto", EMSGSIZE, .talking, .can, 65, "CAN FD"),
        Case("sendto", ENETDOWN, .talking, .can, 74, "ip link set"),
        Case("sendto", EIO, .talking, .udp, 74, "cannot sendto"),
    ])
    func `each failure has a status and a message`(failure: Case) {
        let said = ClientFailure(
            SystemError(failure.operation, errno: failure.number), failure.activity, "udp://192.0.2.1:7",
            kind: failure.kind)
        #expect(said.reason.rawValue == failure.status)
        #expect(said.message.contains(failure.words), "\(said.message)")
        #expect(said.message.contains("udp://192.0.2.1:7"))
    }

    @Test func `no status is that of success or of a shell`() {
        #expect(ClientFailure.Reason.allCases.allSatisfy { 64...78 ~= $0.rawValue })
    }
}
