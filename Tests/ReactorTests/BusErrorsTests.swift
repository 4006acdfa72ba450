// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records
import Testing

@testable import Reactor

@Suite struct BusErrorsTests {
    private static let can0 = InterfaceName("can0") ?? .any
    private static let second: UInt64 = 1_000_000_000

    private func frame(_ classes: UInt32, _ data: [UInt8] = []) -> CANErrorFrame {
        CANErrorFrame(CANIdentifier(rawValue: classes | CANIdentifier.errorFlag), data: data)
    }

    private func socket() throws -> ListeningSocket {
        try ListeningSocket(
            kind: .udp, address: .ipv4(.loopback, port: 0), dualStack: false, options: ListeningOptions())
    }

    @Test func `the first error of a kind is logged immediately, further ones together`() throws {
        var errors = BusErrors()
        var told: [String] = []
        func tell(_ kind: CANErrorKind, _ count: UInt64, _ errors: BusErrors) { told.append("\(kind) \(count)") }
        errors.note(frame(0x020), from: Self.can0, at: Self.second, tell)
        #expect(told == ["noAcknowledgement 1"])
        for _ in 0..<1000 { errors.note(frame(0x020), from: Self.can0, at: 2 * Self.second, tell) }
        // What is worse does not wait behind it.
        errors.note(frame(0x040), from: Self.can0, at: 3 * Self.second, tell)
        #expect(told == ["noAcknowledgement 1", "busOff 1"])
        #expect(errors.next == 11 * Self.second)
        errors.check(at: 11 * Self.second, tell)
        #expect(told == ["noAcknowledgement 1", "busOff 1", "noAcknowledgement 1000"])
        errors.check(at: 60 * Self.second, tell)
        #expect(told.count == 3)
        #expect(errors.next == nil)
        errors.note(frame(0x020), from: Self.can0, at: 61 * Self.second, tell)
        errors.note(frame(0x020), from: Self.can0, at: 61 * Self.second, tell)
        errors.check(at: nil, tell)
        #expect(told.suffix(2) == ["noAcknowledgement 1", "noAcknowledgement 1"])
    }

    @Test func `one frame may report several errors`() {
        var errors = BusErrors()
        var told: [CANErrorKind] = []
        errors.note(frame(0x042, [5]), from: Self.can0, at: 1) { kind, _, _ in told.append(kind) }
        #expect(told == [.busOff, .lostArbitration])
    }

    @Test func `a record has the interface, the words, the number, and the level`() throws {
        var errors = BusErrors()
        let socket = try socket()
        let label = ListenerLabel(name: "bus", service: "echo")
        errors.note(frame(0x002, [5]), from: Self.can0, at: 1) { _, _, _ in }
        errors.note(frame(0x100), from: Self.can0, at: 1) { _, _, _ in }
        let one = try #require(errors.record(of: .lostArbitration, 1, label: label, socket: socket))
        #expect(one.message == "can0: lost arbitration in bit 5")
        #expect(one.event == .warning)
        #expect(one.level == .warning)
        let many = errors.record(of: .lostArbitration, 7, label: label, socket: socket)
        #expect(many?.message == "can0: lost arbitration in bit 5 (the last of 7 such error frames)")
        #expect(errors.record(of: .restarted, 1, label: label, socket: socket)?.level == .notice)
    }
}
