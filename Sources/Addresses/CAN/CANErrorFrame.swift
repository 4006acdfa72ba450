// SPDX-License-Identifier: Apache-2.0

/// An error frame: a report of a CAN controller or its driver about the bus (linux/can/error.h). Pure.
public struct CANErrorFrame: Equatable, Sendable {
    /// The classes of errors, `CAN_ERR_*`: the identifier without its flag.
    public let classes: UInt32

    /// The eight bytes of details, the first one in the lowest bits.
    private let details: UInt64

    /// Decodes an error frame.
    ///
    /// - Parameters:
    ///   - identifier: with ``CANIdentifier/errorFlag``.
    ///   - data: the details; missing bytes are 0.
    public init(_ identifier: CANIdentifier, data: [UInt8] = []) {
        classes = identifier.rawValue & CANFilter.highest
        details = data.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Decodes a `struct can_frame` of the kernel.
    ///
    /// - Returns: nil if it is not a frame, or not an error frame.
    public init?(frame: RawSpan) {
        guard let identifier = CANIdentifier(frame: frame), identifier.isError, frame.byteCount >= 16 else {
            return nil
        }
        classes = identifier.rawValue & CANFilter.highest
        // unsafe: eight bytes after the header of eight; the length was checked above.
        let bytes = unsafe frame.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
        details = UInt64(littleEndian: bytes)
    }

    private enum Class {
        static let transmitTimeout: UInt32 = 0x001
        static let lostArbitration: UInt32 = 0x002
        static let controller: UInt32 = 0x004
        static let protocolViolation: UInt32 = 0x008
        static let transceiver: UInt32 = 0x010
        static let acknowledgement: UInt32 = 0x020
        static let busOff: UInt32 = 0x040
        static let busError: UInt32 = 0x080
        static let restarted: UInt32 = 0x100
        static let counters: UInt32 = 0x200
    }

    private func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: details >> UInt64(index * 8)) }

    /// Whether it reports this kind of error.
    public func reports(_ kind: CANErrorKind) -> Bool {
        let controller = classes & Class.controller != 0 ? byte(1) : 0
        switch kind {
        case .busOff: return classes & Class.busOff != 0
        case .restarted: return classes & Class.restarted != 0
        case .errorPassive: return controller & 0x30 != 0
        case .errorWarning: return controller & 0x0c != 0
        case .errorActive: return controller & 0x40 != 0
        case .noAcknowledgement: return classes & Class.acknowledgement != 0
        case .lostArbitration: return classes & Class.lostArbitration != 0
        case .transmitTimeout: return classes & Class.transmitTimeout != 0
        case .overflow: return controller & 0x03 != 0
        case .protocolViolation: return classes & Class.protocolViolation != 0
        case .transceiver: return classes & Class.transceiver != 0
        case .busError:
            // Drivers set it in addition to a more exact class.
            return classes & Class.busError != 0 && classes & (Class.protocolViolation | Class.acknowledgement) == 0
        case .other:
            let known: UInt32 = 0x1fb
            return classes & known == 0 && controller & 0x7f == 0
        }
    }

    /// The report of this kind in words: `lost arbitration in bit 5`.
    public func words(for kind: CANErrorKind) -> String {
        switch kind {
        case .busOff: "bus-off: the controller has left the bus"
        case .restarted: "the controller is on the bus again"
        case .errorPassive: "error passive\(direction(receiving: 0x10, sending: 0x20))\(counters)"
        case .errorWarning: "many errors\(direction(receiving: 0x04, sending: 0x08))\(counters)"
        case .errorActive: "error active again\(counters)"
        case .noAcknowledgement: "no acknowledgement: no other node on the bus, or not at this bit rate"
        case .lostArbitration: byte(0) == 0 ? "lost arbitration" : "lost arbitration in bit \(byte(0))"
        case .transmitTimeout: "a frame could not be sent in time"
        case .overflow: "controller buffer overflow\(direction(receiving: 0x01, sending: 0x02))"
        case .protocolViolation: "protocol violation\(violations)"
        case .transceiver: "transceiver: \(wires)"
        case .busError: "an error on the bus"
        case .other: "an error of an unknown kind (0x\(String(classes, radix: 16)))"
        }
    }

    private func direction(receiving: UInt8, sending: UInt8) -> String {
        switch (byte(1) & receiving != 0, byte(1) & sending != 0) {
        case (true, true): " in receiving and sending"
        case (true, false): " in receiving"
        case (false, true): " in sending"
        case (false, false): ""
        }
    }

    /// The error counters of the controller, if the driver reports them.
    private var counters: String {
        classes & Class.counters == 0 ? "" : " (error counters: \(byte(6)) sending, \(byte(7)) receiving)"
    }

    private static let violations: [(bit: UInt8, words: String)] = [
        (0x01, "a single bit"), (0x02, "the form of a frame"), (0x04, "bit stuffing"),
        (0x08, "a dominant bit could not be sent"), (0x10, "a recessive bit could not be sent"),
        (0x20, "overload of the bus"), (0x40, "an active error announcement"),
    ]

    private var violations: String {
        var words = Self.violations.filter { byte(2) & $0.bit != 0 }.map(\.words)
        if byte(2) & 0x80 != 0 { words.append("in sending") }
        if let place { words.append("in \(place)") }
        return words.isEmpty ? "" : ": \(words.joined(separator: ", "))"
    }

    /// The place in a frame where the error occurred.
    private var place: String? {
        switch byte(3) {
        case 0x03: "the start of frame"
        case 0x02, 0x06, 0x07, 0x0f, 0x0e: "the identifier"
        case 0x04, 0x0c: "the RTR bit"
        case 0x05: "the identifier extension bit"
        case 0x0d, 0x09: "a reserved bit"
        case 0x0b: "the data length"
        case 0x0a: "the data"
        case 0x08: "the CRC"
        case 0x18: "the CRC delimiter"
        case 0x19: "the acknowledgement"
        case 0x1b: "the acknowledgement delimiter"
        case 0x1a: "the end of frame"
        case 0x12: "the intermission"
        default: nil
        }
    }

    private var wires: String {
        let high =
            switch byte(4) & 0x0f {
            case 0x04: "CANH has no wire"
            case 0x05: "CANH is shorted to the battery"
            case 0x06: "CANH is shorted to VCC"
            case 0x07: "CANH is shorted to ground"
            default: ""
            }
        let low =
            switch byte(4) & 0xf0 {
            case 0x40: "CANL has no wire"
            case 0x50: "CANL is shorted to the battery"
            case 0x60: "CANL is shorted to VCC"
            case 0x70: "CANL is shorted to ground"
            case 0x80: "CANL is shorted to CANH"
            default: ""
            }
        let both = [high, low].filter { !$0.isEmpty }
        return both.isEmpty ? "the wires" : both.joined(separator: ", ")
    }
}
