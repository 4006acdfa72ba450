// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Addresses

@Suite struct CANIdentifierTests {
    /// What the kernel has, how candump(1) shows it, and what it is.
    @Test(arguments: [
        (UInt32(0), "000", false, false), (0x123, "123", false, false), (0x7ff, "7FF", false, false),
        (0x8000_0000, "00000000", true, false), (0x8000_0123, "00000123", true, false),
        (0x9fff_ffff, "1FFFFFFF", true, false), (0x4000_0123, "123", false, false),
        (0x2000_0004, "20000004", false, true),
    ])
    func `an identifier is written as by candump`(raw: UInt32, text: String, isExtended: Bool, isError: Bool) {
        let identifier = CANIdentifier(rawValue: raw)
        #expect(identifier.rawValue == raw)
        #expect(String(decoding: [UInt8](capacity: 16) { identifier.append(to: &$0) }, as: UTF8.self) == text)
        #expect(identifier.isExtended == isExtended)
        #expect(identifier.isError == isError)
    }

    @Test func `standard and extended differ, a request and its answer do not`() {
        #expect(CANIdentifier(rawValue: 0x123) != CANIdentifier(rawValue: 0x8000_0123))
        #expect(CANIdentifier(rawValue: 0x4000_0123).source == CANIdentifier(rawValue: 0x123))
        #expect(CANIdentifier(rawValue: 0x8000_0123).number == 0x123)
        #expect(!CANIdentifier.none.isError)
        #expect(Set([UInt32(1), 2, 0x100, 0x10000, 0x100_0000].map(CANIdentifier.init(rawValue:))).count == 5)
    }
}
