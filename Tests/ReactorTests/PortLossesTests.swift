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
        (PortLosses.Cause.refused(.listenerLimit(100)), EventKind.refused, CInt(0), "listener (100)"),
        (.truncated, .lost, 0, "message too long, the limit is 65536 bytes"),
        (.overflow, .lost, 0, "receive buffer full"),
        (.unsent(ENETUNREACH), .lost, ENETUNREACH, "could not send 2 datagrams"),
        (.broadcast, .lost, 0, "broadcast=true"),
        (.unanswered, .lost, 0, "did not answer"),
        (.undelivered(ENOBUFS, .rds), .lost, ENOBUFS, "could not relay"),
        (.undelivered(EINVAL, .can), .lost, EINVAL, "not a CAN frame"),
        (.orphaned, .lost, 0, "whose flow ended"),
    ])
    func `each cause has its record, with the count and the errno`(
        cause: PortLosses.Cause, event: EventKind, errno: CInt, words: String
    ) throws {
        var losses = PortLosses()
        #expect(losses.note(cause, 2, at: 1) == 2)
        let record = losses.record(of: cause.kind, 2, label: Self.label, socket: try Self.socket())
        #expect(record.event == event)
        #expect(record.message.contains(words))
        #expect(record.message.contains("2 datagrams"))
        #expect(record.errno == errno)
        #expect(record.level == .warning)
        #expect(record.fields.map(\.name.description) == (event == .refused ? ["datagrams", "rule"] : ["datagrams"]))
        guard case .integer(2)? = record.fields.first?.value else {
            Issue.record("\(record.fields)")
            return
        }
    }

    @Test func `each kind has its own interval, and its last cause is named`() throws {
        var losses = PortLosses()
        #expect(losses.next == nil)
        #expect(losses.note(.truncated, 1, at: 10) == 1)
        #expect(losses.note(.overflow, 5, at: 3) == 5)
        #expect(losses.next == 3 + LossReport.interval)
        #expect(losses.note(.unsent(EPERM), 1, at: 4) == 1)
        #expect(losses.note(.unsent(ENOBUFS), 1, at: 5) == nil)
        #expect(losses[.unsent].check(at: 4 + LossReport.interval) == 1)
        #expect(losses.record(of: .unsent, 1, label: Self.label, socket: try Self.socket()).errno == ENOBUFS)
        for kind in PortLosses.Kind.allCases { #expect(losses[kind].takeRest() == nil) }
    }
}
