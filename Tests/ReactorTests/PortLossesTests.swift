// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Records
import Testing

@testable import Reactor

@Suite struct PortLossesTests {
    private static let label = ListenerLabel(name: "echo", service: "echo")

    private static func socket() throws -> ListeningSocket {
        try ListeningSocket(
            kind: .udp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
    }

    @Test(arguments: [
        (
            PortLosses.Cause.refused(.listenerLimit(100)), EventKind.refused, CInt(0),
            "refused 2 datagrams of sources that have no flow: max-connections of the listener (100). Flows end after"
                + " idle-timeout"
        ),
        (.truncated, .lost, 0, "did not deliver 2 datagrams: longer than 65536 bytes"),
        (
            .overflow, .lost, 0,
            "the kernel lost 2 datagrams before they could be read: the socket's buffer was full;"
                + " `net.core.rmem_default` is its size"
        ),
        (
            .unsent(ENETUNREACH), .lost, ENETUNREACH,
            "could not send 2 datagrams, the last one because of: Network is unreachable (ENETUNREACH)"
        ),
        (
            .broadcast, .lost, 0,
            "did not deliver 2 datagrams to a broadcast address: add `?broadcast=true` to the address of the listener to"
                + " get them"
        ),
        (
            .unanswered, .lost, 0,
            "did not answer 2 datagrams: such an answer serves who only pretends to be the source (the port of"
                + " a service that answers too, a broadcast address or group, this daemon itself), or the source has no name"
        ),
        (
            .undelivered(ENOBUFS, .rds), .lost, ENOBUFS,
            "could not pass 2 datagrams on to an upstream, the last one because of: No buffer space available (ENOBUFS):"
                + " the receiver does not keep up"
        ),
        (
            .undelivered(EINVAL, .can), .lost, EINVAL,
            "could not pass 2 datagrams on to an upstream, the last one because of: Invalid argument (EINVAL): it is no"
                + " frame, or one of CAN FD on a bus without it"
        ),
        (
            .orphaned, .lost, 0,
            "did not deliver 2 datagrams, whose flow ended before they were looked at; its record says why"
        ),
    ])
    func `says what was lost, how many and why`(
        cause: PortLosses.Cause, event: EventKind, errno: CInt, message: String
    ) throws {
        var losses = PortLosses()
        #expect(losses.note(cause, 2, at: 1) == 2)
        let record = losses.record(of: cause.kind, 2, label: Self.label, socket: try Self.socket())
        #expect(record.event == event)
        #expect(record.message == message)
        #expect(record.errno == errno)
        #expect(record.level == .warning)
        #expect(record.fields.map(\.name.description) == (event == .refused ? ["datagrams", "rule"] : ["datagrams"]))
        guard case .integer(2)? = record.fields.first?.value else {
            Issue.record("\(record.fields)")
            return
        }
    }

    @Test func `one is one`() throws {
        var losses = PortLosses()
        #expect(losses.note(.truncated, 1, at: 1) == 1)
        let record = losses.record(of: .truncated, 1, label: Self.label, socket: try Self.socket())
        #expect(record.message == "did not deliver 1 datagram: longer than 65536 bytes")
    }

    @Test func `each kind has its own time, and the last cause is named`() throws {
        var losses = PortLosses()
        #expect(losses.next == nil)
        #expect(losses.note(.truncated, 1, at: 10) == 1)
        #expect(losses.note(.overflow, 5, at: 3) == 5)
        #expect(losses.next == 3 + LossReport.interval)
        #expect(losses.note(.unsent(EPERM), 1, at: 4) == 1)
        #expect(losses.note(.unsent(ENOBUFS), 1, at: 5) == nil)
        #expect(losses[.unsent].pass(4 + LossReport.interval) == 1)
        #expect(losses.record(of: .unsent, 1, label: Self.label, socket: try Self.socket()).errno == ENOBUFS)
        for kind in PortLosses.Kind.allCases { #expect(losses[kind].end() == nil) }
    }
}
