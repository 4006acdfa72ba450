// SPDX-License-Identifier: Apache-2.0

extension IPv6Address {
    /// Parses the text forms of RFC 4291 section 2.2: groups, one `::`, and an IPv4 address as the last two groups.
    ///
    /// A scope (`%eth0`) is not part of the address; a text with one is refused.
    public init?(parsing text: some Collection<UInt8>) {
        let text = Array(text)
        var groups: [UInt16] = []
        var gap: Int?
        var index = 0
        if text.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            gap = 0
            index = 2
        }
        while index < text.count {
            let end = text[index...].firstIndex(of: UInt8(ascii: ":")) ?? text.count
            if end == text.count, let embedded = IPv4Address(parsing: text[index...]) {
                groups.append(UInt16(truncatingIfNeeded: embedded.value >> 16))
                groups.append(UInt16(truncatingIfNeeded: embedded.value))
                index = end
                break
            }
            guard let group = Self.group(text[index..<end]) else { return nil }
            groups.append(group)
            index = end
            guard end < text.count else { break }
            index += 1
            guard index < text.count else { return nil }
            if text[index] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                index += 1
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        self.init(high: Self.word(groups[..<4]), low: Self.word(groups[4...]))
    }

    /// Parses one to four hexadecimal digits.
    private static func group(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            guard let digit = PercentEncoding.value(ofDigit: byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func word(_ groups: ArraySlice<UInt16>) -> UInt64 {
        groups.reduce(0) { $0 << 16 | UInt64($1) }
    }

    /// Whether it is in fe80::/10, which needs an interface (RFC 4291 section 2.5.6).
    public var isLinkLocal: Bool { high >> 54 == 0xfe80 >> 6 }
}
