// SPDX-License-Identifier: Apache-2.0

extension IPv4Address {
    /// Parses four decimal numbers separated by dots, and no other form.
    ///
    /// Leading zeros, which inet_aton(3) reads as octal, fewer than four numbers, and spaces are refused.
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

/// A text that looks like a number in place of a host or an address: `127.1`, `0x7f000001` or `2130706433`.
///
/// Other programs, and resolvers too, accept the forms of inet_aton(3). Only four decimal numbers are unambiguous, so all other
/// forms are refused, with that spelling as the help.
struct NumericHost: Equatable {
    /// The address by the rules of inet_aton(3); nil if a number is too large or there are more than four numbers.
    let address: IPv4Address?

    /// The address with leading zeros read as decimal; nil without leading zeros, or if it is not valid.
    let decimalAddress: IPv4Address?

    /// Parses a text whose labels are all numbers; nil for any other.
    ///
    /// Decimal, octal with a leading `0`, or hexadecimal with `0x`. One dot at the end is ignored.
    init?(parsing text: some Collection<UInt8>) {
        var labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        guard !labels.isEmpty, labels.allSatisfy({ Self.isNumber($0) }) else { return nil }
        address = Self.address(labels.map { Self.value($0, octal: true) })
        let hasOctal = labels.contains { $0.count > 1 && $0.first == UInt8(ascii: "0") && $0.allSatisfy(Self.isDigit) }
        decimalAddress = hasOctal ? Self.address(labels.map { Self.value($0, octal: false) }) : nil
    }

    /// What to write instead; nil if the text is not an address.
    var help: String? {
        guard let shown = decimalAddress ?? address else { return nil }
        guard shown != .any else {
            return "write 0.0.0.0 for every IPv4 address of this host, or * for every address"
        }
        guard let address, address != shown else { return "write \(shown.text)" }
        return "write \(shown.text), or \(address.text) if the leading zero means an octal number"
    }

    private static func isNumber(_ label: some Collection<UInt8>) -> Bool {
        guard !label.isEmpty else { return false }
        if label.allSatisfy(isDigit) { return true }
        guard isHexadecimal(label) else { return false }
        return label.dropFirst(2).allSatisfy { PercentEncoding.value(ofDigit: $0) != nil }
    }

    /// The number of a label; nil above 32 bits, and for an octal one with an 8 or 9.
    private static func value(_ label: some Collection<UInt8>, octal: Bool) -> UInt32? {
        if isHexadecimal(label) {
            let digits = label.dropFirst(2)
            // `0x` alone is 0 to inet_aton(3).
            return digits.isEmpty ? 0 : UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        }
        let isOctal = octal && label.count > 1 && label.first == UInt8(ascii: "0")
        return UInt32(String(decoding: label, as: UTF8.self), radix: isOctal ? 8 : 10)
    }

    /// Combines one to four numbers; the last one fills the remaining bytes.
    private static func address(_ numbers: [UInt32?]) -> IPv4Address? {
        guard (1...4).contains(numbers.count), let last = numbers.last, let last else { return nil }
        var value: UInt32 = 0
        for number in numbers.dropLast() {
            guard let number, number <= 255 else { return nil }
            value = value << 8 | number
        }
        let bits = UInt32(8 * (5 - numbers.count))
        guard bits == 32 || last >> bits == 0 else { return nil }
        // With one number there is nothing to shift, and a shift by 32 would be invalid.
        return IPv4Address((bits == 32 ? 0 : value << bits) | last)
    }

    private static func isHexadecimal(_ label: some Collection<UInt8>) -> Bool {
        label.count >= 2 && label.first == UInt8(ascii: "0")
            && label.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

extension IPv4Address {
    /// The dotted text.
    var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
