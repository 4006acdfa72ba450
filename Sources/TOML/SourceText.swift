// SPDX-License-Identifier: Apache-2.0

/// The bytes of a document with an index of its lines, to turn byte offsets into places that people can find.
///
/// A line ends at LF or CRLF. A byte order mark at the start of the document belongs to no column, as in editors.
public struct SourceText: Sendable {
    private let bytes: [UInt8]
    /// The offset of the first byte of each line; the first line is always there, even in an empty document.
    private let lineStarts: [Int]

    /// Indexes the lines of `bytes`, which need not be valid UTF-8.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [UTF8Text.byteOrderMarkLength(in: bytes)]
        for (offset, byte) in bytes.enumerated() where byte == ASCII.lineFeed {
            starts.append(offset + 1)
        }
        lineStarts = starts
    }

    /// The line and column of the byte at `offset`. An offset outside the document counts as its nearest end.
    public func place(of offset: Int) -> SourcePlace {
        let line = lineIndex(of: offset)
        let start = lineStarts[line]
        let end = min(max(offset, start), bytes.count)
        // Every scalar has one byte that is not a continuation byte, so counting those counts scalars.
        let scalars = bytes[start..<end].reduce(into: 0) { count, byte in
            if !UTF8Text.isContinuation(byte) { count += 1 }
        }
        return SourcePlace(line: line + 1, column: scalars + 1)
    }

    /// The bytes of the line that holds `offset`, without its line break.
    public func line(containing offset: Int) -> [UInt8] {
        let line = lineIndex(of: offset)
        let start = lineStarts[line]
        guard line + 1 < lineStarts.count else { return Array(bytes[start...]) }
        var end = lineStarts[line + 1] - 1
        if end > start, bytes[end - 1] == ASCII.carriageReturn { end -= 1 }
        return Array(bytes[start..<end])
    }

    /// The index in `lineStarts` of the last line that starts at or before `offset`.
    private func lineIndex(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }
}
