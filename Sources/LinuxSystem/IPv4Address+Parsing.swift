// SPDX-License-Identifier: Apache-2.0

extension IPv4Address {
    /// Reads four decimal numbers with dots between them, and no other form: no leading zeros (which inet_aton(3) takes
    /// for octal), no fewer numbers, no spaces.
    public init?(parsing text: some Collection<UInt8>) {
        var value: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var parts = 1
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if digits > 0, part == 0 { return nil }
                part = part * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                if part > 255 { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, parts < 4 else { return nil }
                value = value << 8 | part
                part = 0
                digits = 0
                parts += 1
            default:
                return nil
            }
        }
        guard parts == 4, digits > 0 else { return nil }
        self.init(value << 8 | part)
    }
}
