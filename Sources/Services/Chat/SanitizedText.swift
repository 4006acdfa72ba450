// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends the bytes of a span.
    mutating func append(contentsOf span: Span<UInt8>) {
        // unsafe: the bytes are copied while the span is borrowed.
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends UTF-8 from a member in a form that cannot control the terminals of the others.
    ///
    /// A terminal obeys control characters (ECMA-48): they move the cursor, change colours, rename windows, send replies. So
    /// C0 and DEL are replaced by their pictures (`␛`, U+2400 to U+2421), and C1, line separators and characters that change
    /// the text direction by `�`. The tab is kept, since it only moves the cursor to the right.
    ///
    /// - Parameter text: well-formed UTF-8.
    mutating func append(sanitized text: Span<UInt8>) {
        var kept = 0
        var index = 0
        while index < text.count {
            guard let harm = Harm(at: index, of: text) else {
                index += 1
                continue
            }
            append(contentsOf: text.extracting(kept..<index))
            append(contentsOf: harm.picture)
            index += harm.length
            kept = index
        }
        append(contentsOf: text.extracting(kept..<text.count))
    }
}

/// A character that must not reach a terminal.
private struct Harm {
    /// Its length in bytes.
    let length: Int

    /// The UTF-8 of its replacement.
    let picture: [3 of UInt8]

    private static let replacement: [3 of UInt8] = [0xef, 0xbf, 0xbd]

    /// Checks the character that begins at `index`; nil if it is safe. A continuation byte is always safe.
    init?(at index: Int, of text: Span<UInt8>) {
        let byte = text[index]
        // The first byte decides for nearly all characters.
        if byte >= 0x20, byte < 0x7f || byte > 0xc2, byte != 0xe2 { return nil }
        switch byte {
        case UInt8(ascii: "\t"): return nil
        case ..<0x20: self.init(length: 1, picture: [0xe2, 0x90, 0x80 | byte])
        case 0x7f: self.init(length: 1, picture: [0xe2, 0x90, 0xa1])
        // U+0080 to U+009F.
        case 0xc2 where text[index + 1] < 0xa0: self.init(length: 2, picture: Self.replacement)
        case 0xe2 where Self.breaksOrTurns(text[index + 1], text[index + 2]):
            self.init(length: 3, picture: Self.replacement)
        default: return nil
        }
    }

    private init(length: Int, picture: [3 of UInt8]) {
        self.length = length
        self.picture = picture
    }

    /// Whether E2 and these two bytes are U+2028 to U+202E or U+2066 to U+2069.
    ///
    /// These are separators, embeddings, overrides and isolates.
    private static func breaksOrTurns(_ second: UInt8, _ third: UInt8) -> Bool {
        switch second {
        case 0x80: (0xa8...0xae).contains(third)
        case 0x81: (0xa6...0xa9).contains(third)
        default: false
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(contentsOf picture: [3 of UInt8]) {
        for index in picture.indices { append(picture[index]) }
    }
}
