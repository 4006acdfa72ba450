// SPDX-License-Identifier: Apache-2.0

import TOML

/// A file of the configuration while it is parsed.
package final class SourceFile: Sendable {
    /// The number of the file in the order of reading.
    let number: Int
    /// The path as it was opened.
    let path: String
    let bytes: [UInt8]
    private let text: SourceText

    package init(number: Int, path: String, bytes: [UInt8]) {
        self.number = number
        self.path = path
        self.bytes = bytes
        self.text = SourceText(bytes: bytes)
    }

    func span(_ range: SourceRange) -> SourceSpan { SourceSpan(file: self, range: range) }

    func place(of offset: Int) -> SourcePlace { text.place(of: offset) }

    /// The line at an offset, without leading blanks; at most its first 256 bytes.
    func line(at offset: Int) -> String {
        let offset = min(max(offset, 0), bytes.count)
        let start = (bytes[..<offset].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        let line = bytes[start...].prefix(256).prefix { $0 != UInt8(ascii: "\n") }
        return String(decoding: line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }, as: UTF8.self)
    }

    /// The range in the file of a part of a string's value.
    ///
    /// If the string is written with escapes, parts cannot be located, and the range of the whole value is returned.
    ///
    /// - Parameter part: the part in bytes of the value.
    func range(of part: Range<Int>, in value: String, at range: SourceRange) -> SourceRange {
        let written = bytes[max(range.start, 0)..<min(range.end, bytes.count)]
        let wanted = Array(value.utf8)
        // One quote or three at each end, and possibly a newline after three.
        for quotes in [1, 3] {
            let inner = written.dropFirst(quotes).dropLast(quotes)
            for skipped in 0...2 where inner.dropFirst(skipped).elementsEqual(wanted) {
                let start = inner.startIndex + skipped
                return SourceRange(start: start + part.lowerBound, end: start + part.upperBound)
            }
        }
        return range
    }
}

/// A range in one of the files.
struct SourceSpan: Sendable {
    let file: SourceFile
    let range: SourceRange

    var origin: SettingOrigin { SettingOrigin(file: file.path, place: file.place(of: range.start)) }
}
