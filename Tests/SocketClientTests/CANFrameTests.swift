// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import SocketClient
import Testing

/// Frames of a CAN bus, as can-utils write them and as the kernel has them.
@Suite struct CANFrameTests {
    private static func frame(_ identifier: UInt32, _ kind: CANFrame.Kind, _ data: [UInt8] = []) -> CANFrame {
        CANFrame(identifier: CANIdentifier(rawValue: identifier), kind: kind, data: data)
    }

    static let frames: [(String, CANFrame)] = [
        ("123#DEADBEEF", frame(0x123, .data(lengthCode: 0), [0xde, 0xad, 0xbe, 0xef])),
        ("000#", frame(0, .data(lengthCode: 0))),
        ("7FF#01", frame(0x7ff, .data(lengthCode: 0), [1])),
        ("00000123#01", frame(0x8000_0123, .data(lengthCode: 0), [1])),
        ("1FFFFFFF#1122334455667788", frame(0x9fff_ffff, .data(lengthCode: 0), [17, 34, 51, 68, 85, 102, 119, 136])),
        ("123#R", frame(0x4000_0123, .remote(length: 0))),
        ("123#R8", frame(0x4000_0123, .remote(length: 8))),
        ("00000001#R3", frame(0xc000_0001, .remote(length: 3))),
        ("123##0", frame(0x123, .flexible(flags: 0))),
        ("123##5DEAD", frame(0x123, .flexible(flags: 5), [0xde, 0xad])),
        ("123##1DEAD", frame(0x123, .flexible(flags: 1), [0xde, 0xad])),
        (
            "12345678##3" + String(repeating: "AB", count: 64),
            frame(0x9234_5678, .flexible(flags: 3), Array(repeating: 0xab, count: 64))
        ),
        ("123#1122334455667788_9", frame(0x123, .data(lengthCode: 9), [17, 34, 51, 68, 85, 102, 119, 136])),
        ("20000004#0004000000000000", frame(0x2000_0004, .data(lengthCode: 0), [0, 4, 0, 0, 0, 0, 0, 0])),
    ]

    @Test(arguments: frames)
    func `a frame is written in candump's notation and read back`(text: String, frame: CANFrame) throws {
        #expect(String(decoding: frame.text, as: UTF8.self) == text)
        #expect(try CANFrame(text: Array(text.utf8)) == frame)
    }

    @Test(arguments: frames)
    func `a frame is converted to the kernel's struct and back`(text: String, frame: CANFrame) {
        let bytes = frame.kernelBytes
        if case .flexible = frame.kind { #expect(bytes.count == 72) } else { #expect(bytes.count == 16) }
        #expect(CANFrame(kernelBytes: bytes) == frame)
    }

    @Test func `the layout is that of linux/can.h`() {
        let bytes = Self.frame(0x8000_0102, .data(lengthCode: 0), [0xaa, 0xbb]).kernelBytes
        let number = (0x8000_0102 as UInt32).littleEndian
        // On a big-endian machine the first four would be the other way around.
        #expect(number != 0x8000_0102 || bytes.prefix(4) == [0x02, 0x01, 0x00, 0x80])
        #expect(bytes.dropFirst(4) == [2, 0, 0, 0, 0xaa, 0xbb, 0, 0, 0, 0, 0, 0])
        let flexible = Self.frame(1, .flexible(flags: 2), [7]).kernelBytes
        #expect(flexible[4..<9] == [1, 2, 0, 0, 7])
    }

    @Test(arguments: [
        ("123#DE.AD.BE", "123#DEADBE"), ("123#deadbe", "123#DEADBE"), (" 123#01\r", "123#01"), ("123#r2", "123#R2"),
        ("123#R0", "123#R"),
        // Nine bytes are no length of CAN FD; twelve are.
        ("123##0112233445566778899", "123##0112233445566778899000000"),
    ])
    func `cansend's notation is accepted`(text: String, canonical: String) throws {
        #expect(String(decoding: try CANFrame(text: Array(text.utf8)).text, as: UTF8.self) == canonical)
    }

    @Test(arguments: [
        ("", "ID#DATA"), ("123", "ID#DATA"), ("#11", "three hexadecimal digits"), ("12#11", "three hexadecimal digits"),
        ("12345#11", "three hexadecimal digits"), ("xyz#11", "three hexadecimal digits"),
        ("123456789#11", "three hexadecimal digits"), ("800#11", "7FF is the highest"),
        ("80000000#11", "1FFFFFFF is the highest"), ("123#1", "odd number of digits"), ("123#GG", "`G`"),
        ("123#112233445566778899", "8 bytes at most, and this one 9"), ("123##", "one digit with the flags"),
        ("123##x", "one digit with the flags"), ("123##0" + String(repeating: "00", count: 65), "64 bytes at most"),
        ("123#R9", "the length that is asked for"), ("123#R11", "the length that is asked for"),
        ("123#Rx", "the length that is asked for"), ("123#11_9", "follow eight bytes"),
        ("123#1122334455667788_8", "follow eight bytes"), ("123#1122334455667788_", "follow eight bytes"),
    ])
    func `invalid text is refused with the notation`(text: String, words: String) {
        let mistake = #expect(throws: TextMistake.self) { try CANFrame(text: Array(text.utf8)) }
        #expect(mistake?.message.contains(words) == true, "\(mistake?.message ?? "")")
    }

    @Test(arguments: [0, 1, 15, 17, 71, 73])
    func `a struct of another size is refused`(size: Int) {
        #expect(CANFrame(kernelBytes: Array(repeating: 0, count: size)) == nil)
    }

    @Test(arguments: [(16, 9), (16, 255), (72, 65), (72, 255)])
    func `a struct with a length beyond its end is refused`(size: Int, length: UInt8) {
        var bytes = [UInt8](repeating: 0, count: size)
        bytes[4] = length
        #expect(CANFrame(kernelBytes: bytes) == nil)
    }
}
