// SPDX-License-Identifier: Apache-2.0

/// The bytes of a document with an index of its lines, which converts byte offsets to lines and columns.
///
/// A line ends at LF or CRLF. A byte order mark at the start of the document has no column, as in editors.
public struct SourceText: Sendable {
    private let bytes: [UInt8]
    /// The offset of the first byte of each line; an empty document has one line.
    private let lineStarts: [Int]
    /// How many scalars begin before each block of ``blockLength`` bytes.
    ///
    /// So a place far into a long line is found as fast as any other: a configuration may have all its addresses on one line, and
    /// each has a place.
    private let scalarsBefore: [Int]

    /// The length of a block, and so the most bytes that are counted one by one.
    static let blockLength = 256

    /// Indexes the lines of `bytes`, which need not be valid UTF-8.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [UTF8Text.byteOrderMarkLength(in: bytes)]
        var scalars: [Int] = []
        var count = 0
        for (offset, byte) in bytes.enumerated() {
            if offset.isMultiple(of: Self.blockLength) { scalars.append(count) }
            if byte == ASCII.lineFeed { starts.append(offset + 1) }
            // Every scalar has exactly one byte that is not a continuation byte.
            if !UTF8Text.isContinuation(byte) { count += 1 }
        }
        scalars.append(count)
        lineStarts = starts
        scalarsBefore = scalars
    }

    /// The line and column of the byte at `offset`. An offset outside the document counts as its nearest end.
    public func place(of offset: Int) -> SourcePlace {
        let line = lineIndex(of: offset)
        let start = lineStarts[line]
        let end = min(max(offset, start), bytes.count)
        let scalars = scalarCount(before: end) - scalarCount(before: start)
        return SourcePlace(line: line + 1, column: scalars + 1)
    }

    /// How many scalars begin before an offset.
    private func scalarCount(before offset: Int) -> Int {
        let block = offset / Self.blockLength
        var count = scalarsBefore[block]
        for byte in bytes[block * Self.blockLength..<offset] where !UTF8Text.isContinuation(byte) { count += 1 }
        return count
    }

    /// The bytes of the line that contains `offset`, without its line break.
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
