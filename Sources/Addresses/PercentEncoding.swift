// SPDX-License-Identifier: Apache-2.0

/// Encodes bytes of a name as `%XX` that have a meaning in the address grammar or on a terminal.
enum PercentEncoding {
    /// Appends `name` with `?`, `%`, control characters and bytes that are not UTF-8 as `%XX`.
    static func append(_ name: [UInt8], to bytes: inout [UInt8]) {
        var index = 0
        while index < name.count {
            let byte = name[index]
            let length = scalarLength(name, at: index)
            if length > 1 {
                bytes.append(contentsOf: name[index..<index + length])
                index += length
                continue
            }
            if byte < 0x80, byte >= 0x20, byte != 0x7f, byte != UInt8(ascii: "?"), byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digit(byte >> 4))
                bytes.append(digit(byte & 0xf))
            }
            index += 1
        }
    }

    /// The value of a hexadecimal digit.
    static func value(ofDigit byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// How many bytes a printable scalar above U+009F has at `index`; 1 for ASCII, controls and invalid sequences.
    private static func scalarLength(_ name: [UInt8], at index: Int) -> Int {
        guard name[index] >= 0xc2 else { return 1 }
        var decoder = Unicode.UTF8.ForwardParser()
        var rest = name[index...].makeIterator()
        guard case .valid(let encoded) = decoder.parseScalar(from: &rest) else { return 1 }
        return Unicode.UTF8.decode(encoded).value < 0xa0 ? 1 : encoded.count
    }
}
