// SPDX-License-Identifier: Apache-2.0

extension Framing {
    /// The longest message in bytes: for lines the UDP maximum over IPv4, else the largest 16-bit length.
    package var longestMessage: Int {
        switch self {
        case .lines: 65_507
        case .length16: 65_535
        }
    }

    /// How many bytes a frame may add to its message.
    package var mostOverhead: Int { 2 }

    /// The position of a message and its frame in the bytes of a stream.
    package struct Frame: Equatable {
        /// The message itself.
        package var message: Range<Int>

        /// Where the next frame begins.
        package var end: Int
    }

    /// Finds the frame that begins at `start`.
    ///
    /// A line ends with LF or CR LF; any other CR belongs to the message.
    ///
    /// - Parameter searched: how many bytes behind `start` were searched before without finding a terminator; they are
    ///   skipped. Updated on return.
    /// - Returns: the frame; nil if it is incomplete.
    /// - Throws: ``FramingMistake/tooLong``, as soon as an incomplete message is longer than allowed.
    package func frame(in bytes: RawSpan, from start: Int, searched: inout Int) throws(FramingMistake) -> Frame? {
        switch self {
        case .lines: try line(in: bytes, from: start, searched: &searched)
        case .length16: counted(in: bytes, from: start)
        }
    }

    private func line(in bytes: RawSpan, from start: Int, searched: inout Int) throws(FramingMistake) -> Frame? {
        guard let feed = bytes.firstLineFeed(from: start + searched) else {
            searched = bytes.byteCount - start
            // One more byte is allowed if it is CR, which may belong to the terminator.
            let mayEnd = searched == longestMessage + 1 && bytes.byte(at: bytes.byteCount - 1) == .carriageReturn
            if searched > longestMessage, !mayEnd { throw .tooLong }
            return nil
        }
        searched = 0
        let hasReturn = feed > start && bytes.byte(at: feed - 1) == .carriageReturn
        let message = start..<(hasReturn ? feed - 1 : feed)
        if message.count > longestMessage { throw .tooLong }
        return Frame(message: message, end: feed + 1)
    }

    private func counted(in bytes: RawSpan, from start: Int) -> Frame? {
        guard bytes.byteCount - start >= 2 else { return nil }
        let length = Int(bytes.byte(at: start)) << 8 | Int(bytes.byte(at: start + 1))
        let first = start + 2
        guard bytes.byteCount - first >= length else { return nil }
        return Frame(message: first..<first + length, end: first + length)
    }

    /// Appends the frame of a message.
    ///
    /// A line feed at the end of a message serves as the terminator and is not doubled.
    ///
    /// - Throws: ``FramingMistake/tooLong`` or ``FramingMistake/holdsLineFeed``; then nothing was appended.
    package func append(_ message: RawSpan, to bytes: inout [UInt8]) throws(FramingMistake) {
        let length = message.byteCount
        switch self {
        case .lines:
            let feed = message.firstLineFeed(from: 0)
            if let feed, feed < length - 1 { throw .holdsLineFeed }
            guard (feed ?? length) <= longestMessage else { throw .tooLong }
            bytes.append(copying: message)
            if feed == nil { bytes.append(.lineFeed) }
        case .length16:
            guard length <= longestMessage else { throw .tooLong }
            bytes.append(UInt8(length >> 8))
            bytes.append(UInt8(length & 0xff))
            bytes.append(copying: message)
        }
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
}

extension RawSpan {
    /// The byte at an offset; traps outside the span.
    fileprivate func byte(at offset: Int) -> UInt8 {
        // unsafe: every byte is a UInt8, and the offset is checked.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The offset of the first line feed at or behind `start`; nil if there is none.
    fileprivate func firstLineFeed(from start: Int) -> Int? {
        var offset = start
        while byteCount - offset >= 8 {
            // unsafe: eight bytes within the span, and a UInt64 may have any value.
            let word = UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            // The highest bit of each byte that is a line feed is set. Bytes above the first one may be set wrongly, so only
            // the lowest set bit counts.
            let others = word ^ 0x0a0a_0a0a_0a0a_0a0a
            let found = (others &- 0x0101_0101_0101_0101) & ~others & 0x8080_8080_8080_8080
            if found != 0 { return offset + found.trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < byteCount {
            if byte(at: offset) == .lineFeed { return offset }
            offset += 1
        }
        return nil
    }
}

extension [UInt8] {
    /// Appends the bytes of a span.
    package mutating func append(copying span: RawSpan) {
        // unsafe: the bytes are copied while the span is borrowed.
        unsafe span.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}
