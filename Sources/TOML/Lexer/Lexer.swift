// SPDX-License-Identifier: Apache-2.0

/// A position in a document and the basic steps from there: bytes, gaps, comments.
///
/// Extensions parse keys, strings and bare values. They follow one rule: a function that returns nil or an `invalid` value has
/// reported the problem, and `offset` is where skipping can begin.
struct Lexer {
    let bytes: [UInt8]
    /// The offset of the next byte; at most the length of the document.
    var offset: Int
    var problems: ProblemList
    /// Whether all bytes are UTF-8. If not, one problem says so, and further problems of such bytes are not reported.
    private let isUTF8: Bool

    /// Starts after the byte order mark, if any. Reports the first byte that is not UTF-8.
    init(bytes: [UInt8], problemLimit: Int) {
        self.bytes = bytes
        offset = UTF8Text.byteOrderMarkLength(in: bytes)
        problems = ProblemList(limit: problemLimit)
        let invalid = UTF8Text.firstInvalidOffset(in: bytes)
        isUTF8 = invalid == nil
        if let invalid {
            let byte = String(bytes[invalid], radix: 16, uppercase: true)
            problems.report(
                TOMLProblem(
                    message: "the byte 0x\(byte) is not UTF-8",
                    help: "save the file in the encoding UTF-8",
                    range: SourceRange(start: invalid, end: invalid + 1)))
        }
    }

    /// The next byte; nil at the end of the document.
    var next: UInt8? { byte(ahead: 0) }

    /// The byte `distance` after the next one; nil beyond the end of the document.
    func byte(ahead distance: Int) -> UInt8? {
        offset + distance < bytes.count ? bytes[offset + distance] : nil
    }

    /// Whether the next `count` bytes are all `byte`.
    func isNext(_ byte: UInt8, count: Int) -> Bool {
        (0..<count).allSatisfy { self.byte(ahead: $0) == byte }
    }

    /// Whether a line break or the end of the document is next. A CR alone is not a line break.
    var isAtLineEnd: Bool {
        switch next {
        case nil, ASCII.lineFeed: true
        case ASCII.carriageReturn: byte(ahead: 1) == ASCII.lineFeed
        default: false
        }
    }

    /// Skips the next byte if it is `byte`.
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    /// Skips spaces and tabs.
    mutating func skipBlank() {
        skip(while: ASCII.isBlank)
    }

    /// Skips bytes for which `condition` holds.
    mutating func skip(while condition: (UInt8) -> Bool) {
        while offset < bytes.count, condition(bytes[offset]) { offset += 1 }
    }

    /// Skips the rest of the line, but not its line break.
    mutating func skipToLineEnd() {
        while !isAtLineEnd { offset += 1 }
    }

    /// Skips the next line break, if any.
    mutating func skipLineEnd() {
        if next == ASCII.carriageReturn { offset += 1 }
        if next == ASCII.lineFeed { offset += 1 }
    }

    /// Skips the next comment, if any, and reports invalid characters in it.
    mutating func skipComment() {
        guard next == ASCII.numberSign else { return }
        while !isAtLineEnd {
            skip { !ASCII.isControl($0) }
            if !isAtLineEnd { skipControlCharacters(in: "a comment", help: "remove it") }
        }
    }

    /// Skips blanks, comments and line breaks. Returns the offset of the last line break skipped, or nil if there was none.
    mutating func skipGap() -> Int? {
        var lastBreak: Int?
        while true {
            skipBlank()
            skipComment()
            guard isAtLineEnd, next != nil else { return lastBreak }
            lastBreak = offset
            skipLineEnd()
        }
    }

    /// Skips the next control characters and reports them as one problem. `container` is what contains them.
    mutating func skipControlCharacters(in container: String, help: String) {
        let start = offset
        let found = nextDescription
        while let byte = next, ASCII.isControl(byte), !isAtLineEnd { offset += 1 }
        report("\(container) may not contain \(found)", help: help, from: start)
    }

    /// What comes next, in words for a message.
    var nextDescription: String {
        if offset == bytes.count { return "the end of the document" }
        if isAtLineEnd { return "the end of the line" }
        guard let (scalar, length) = UTF8Text.scalar(at: offset, in: bytes) else { return "a byte that is not UTF-8" }
        if scalar == "#" { return "a comment" }
        guard scalar.value < 0x80, ASCII.isControl(bytes[offset]) else {
            return Excerpt.quoted(bytes[offset..<offset + max(length, nextWordLength)])
        }
        if scalar == "\r" { return "a carriage return without a line feed" }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "the control character U+" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// The range of the next word or scalar; empty at the end of a line.
    var nextRange: SourceRange {
        guard !isAtLineEnd else { return SourceRange(start: offset, end: offset) }
        let length = max(UTF8Text.scalar(at: offset, in: bytes)?.length ?? 1, nextWordLength)
        return SourceRange(start: offset, end: offset + length)
    }

    /// How many letters, digits, `_` and `-` come next.
    private var nextWordLength: Int {
        var probe = self
        probe.skip(while: ASCII.isBareKey)
        return probe.offset - offset
    }

    /// Reports a problem of the bytes from `start` to the current offset.
    mutating func report(_ message: String, help: String, from start: Int) {
        report(TOMLProblem(message: message, help: help, range: SourceRange(start: start, end: offset)))
    }

    /// Reports that something other than `expected` comes next.
    mutating func reportUnexpected(expected: String, help: String) {
        let isControl = !isAtLineEnd && next.map(ASCII.isControl) == true
        report(
            TOMLProblem(
                message: "expected \(expected), found \(nextDescription)", help: isControl ? "remove it" : help,
                range: nextRange))
    }

    /// Reports `problem`, unless it is caused by bytes that are not UTF-8.
    mutating func report(_ problem: TOMLProblem) {
        let text = bytes[problem.range.start..<problem.range.end]
        let wasMuted = problems.isMuted
        if !isUTF8, UTF8Text.firstInvalidOffset(in: Array(text)) != nil { problems.isMuted = true }
        problems.report(problem)
        problems.isMuted = wasMuted
    }

    /// Runs `body` and drops the problems that it reports.
    mutating func muted<Result>(_ body: (inout Lexer) -> Result) -> Result {
        let wasMuted = problems.isMuted
        problems.isMuted = true
        defer { problems.isMuted = wasMuted }
        return body(&self)
    }
}
