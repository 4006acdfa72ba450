// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses

@Suite struct CANErrorFrameTests {
    private static func frame(_ classes: UInt32, _ data: [UInt8]) -> CANErrorFrame {
        CANErrorFrame(CANIdentifier(rawValue: classes | CANIdentifier.errorFlag), data: data)
    }

    private typealias Told = (classes: UInt32, data: [UInt8], expected: [(CANErrorKind, String)])

    private static func told(_ classes: UInt32, _ data: [UInt8], _ expected: [(CANErrorKind, String)]) -> Told {
        (classes, data, expected)
    }

    private static let told: [Told] = [
        told(0x040, [], [(CANErrorKind.busOff, "bus-off: the controller has left the bus")]),
        told(0x100, [], [(.restarted, "the controller is on the bus again")]),
        told(
            0x020, [], [(.noAcknowledgement, "no acknowledgement: no other node on the bus, or not at this bit rate")]),
        told(0x001, [], [(.transmitTimeout, "a frame could not be sent in time")]),
        told(0x002, [], [(.lostArbitration, "lost arbitration")]),
        told(0x002, [5], [(.lostArbitration, "lost arbitration in bit 5")]),
        told(0x004, [0, 0x01], [(.overflow, "controller buffer overflow in receiving")]),
        told(0x004, [0, 0x02], [(.overflow, "controller buffer overflow in sending")]),
        told(0x004, [0, 0x04], [(.errorWarning, "many errors in receiving")]),
        told(0x004, [0, 0x0c], [(.errorWarning, "many errors in receiving and sending")]),
        told(0x004, [0, 0x10], [(.errorPassive, "error passive in receiving")]),
        told(
            0x204, [0, 0x20, 0, 0, 0, 0, 136, 7],
            [(.errorPassive, "error passive in sending (error counters: 136 sending, 7 receiving)")]
        ),
        told(
            0x204, [0, 0x40, 0, 0, 0, 0, 12, 0],
            [(.errorActive, "error active again (error counters: 12 sending, 0 receiving)")]
        ),
        told(0x008, [], [(.protocolViolation, "protocol violation")]),
        told(0x088, [0, 0, 0x04], [(.protocolViolation, "protocol violation: bit stuffing")]),
        told(
            0x008, [0, 0, 0x88, 0x19],
            [
                (
                    .protocolViolation,
                    "protocol violation: a dominant bit could not be sent, in sending, in the acknowledgement"
                )
            ]
        ),
        told(
            0x008, [0, 0, 0x02, 0x1a],
            [(.protocolViolation, "protocol violation: the form of a frame, in the end of frame")]
        ),
        told(0x010, [], [(.transceiver, "transceiver: the wires")]),
        told(0x010, [0, 0, 0, 0, 0x07], [(.transceiver, "transceiver: CANH is shorted to ground")]),
        told(0x010, [0, 0, 0, 0, 0x44], [(.transceiver, "transceiver: CANH has no wire, CANL has no wire")]),
        told(0x010, [0, 0, 0, 0, 0x80], [(.transceiver, "transceiver: CANL is shorted to CANH")]),
        told(0x080, [], [(.busError, "an error on the bus")]),
        // Drivers say that there was an error on the bus beside what it was.
        told(
            0x0a0, [], [(.noAcknowledgement, "no acknowledgement: no other node on the bus, or not at this bit rate")]),
        told(0x000, [], [(.other, "an error of an unknown kind (0x0)")]),
        told(0x004, [], [(.other, "an error of an unknown kind (0x4)")]),
        told(0x1000_0000, [], [(.other, "an error of an unknown kind (0x10000000)")]),
        told(
            0x042, [9],
            [(.busOff, "bus-off: the controller has left the bus"), (.lostArbitration, "lost arbitration in bit 9")]
        ),
    ]

    @Test(arguments: told)
    func `an error frame is described`(classes: UInt32, data: [UInt8], expected: [(CANErrorKind, String)]) {
        let frame = Self.frame(classes, data)
        #expect(CANErrorKind.allCases.filter(frame.reports(_:)) == expected.map(\.0))
        for (kind, words) in expected { #expect(frame.words(for: kind) == words) }
    }

    @Test(arguments: 0..<29)
    func `every error class has a description`(bit: Int) {
        for details in [UInt8(0), 0x55, 0xaa, 0xff] {
            let frame = Self.frame(1 << UInt32(bit), Array(repeating: details, count: 8))
            let kinds = CANErrorKind.allCases.filter(frame.reports(_:))
            // The counters are no error by themselves.
            #expect(!kinds.isEmpty)
            #expect(kinds.allSatisfy { !frame.words(for: $0).isEmpty })
        }
    }

    @Test func `an error frame is read from the kernel's bytes`() throws {
        var bytes: [UInt8] = [0x02, 0, 0, 0x20, 8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]
        let read = CANErrorFrame(frame: bytes.span.bytes)
        let frame = try #require(read)
        #expect(frame.classes == 0x002)
        #expect(frame.words(for: .lostArbitration) == "lost arbitration in bit 5")
        bytes.removeLast()
        let short = CANErrorFrame(frame: bytes.span.bytes)
        #expect(short == nil)
        let data: [UInt8] = [0x23, 1, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]
        let noError = CANErrorFrame(frame: data.span.bytes)
        #expect(noError == nil)
    }

    private static let sources: [(bytes: [UInt8], source: UInt32)] = [
        ([0x23, 0x01, 0, 0], 0x123),
        ([0x23, 0x01, 0, 0x40], 0x123),
        ([0x78, 0x56, 0x34, 0x92], 0x9234_5678),
        ([0x78, 0x56, 0x34, 0xd2, 9], 0x9234_5678),
    ]

    @Test(arguments: sources)
    func `the source of a frame is its identifier without RTR`(bytes: [UInt8], source: UInt32) {
        let identifier = CANIdentifier(frame: bytes.span.bytes)
        #expect(identifier?.source.rawValue == source)
        let three = Array(bytes[..<3])
        let short = CANIdentifier(frame: three.span.bytes)
        #expect(short == nil)
    }
}
