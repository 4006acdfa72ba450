// SPDX-License-Identifier: Apache-2.0

/// Cuts what one member sends into lines, whatever pieces it comes in.
///
/// A line ends with LF or CR LF and has at most ``longest`` bytes before that. Of a longer one only the fact is kept, and
/// its rest is skipped to its end, so no member makes the room hold more than one line for it. Between lines it holds
/// nothing.
struct LineAssembler {
    /// The most bytes that a line may have, its end not counted.
    static let longest = 4096

    /// What was found.
    enum Line: Equatable {
        /// A line that is UTF-8.
        case text
        /// More bytes than a line may have. Said once, as soon as it is known.
        case tooLong
        /// A line that is not UTF-8.
        case notUTF8
    }

    /// The beginning of a line whose end has not come.
    private var partial: [UInt8] = []

    /// Whether the rest of a line that is too long is being skipped.
    private var isSkipping = false

    /// Takes the next line out of `input`, and moves `position` behind it.
    ///
    /// - Parameters:
    ///   - input: what the member sent.
    ///   - position: where to go on in it; moved to the end if no line ends before, whose beginning is then kept.
    ///   - body: called with the line, at most once; the bytes are empty if it is no text.
    mutating func next(in input: Span<UInt8>, at position: inout Int, _ body: (Line, Span<UInt8>) -> Void) {
        let start = position
        var end = start
        while end < input.count, input[end] != UInt8(ascii: "\n") { end += 1 }
        let piece = input.extracting(start..<end)
        guard end < input.count else {
            position = end
            keep(piece, body)
            return
        }
        position = end + 1
        if isSkipping {
            isSkipping = false
        } else if partial.isEmpty {
            Self.judge(piece, body)
        } else {
            complete(with: piece, body)
        }
    }

    /// Takes the next line out of a message, in which no line is left without its end but the last, and moves `position`
    /// behind it.
    static func next(ofMessage message: Span<UInt8>, at position: inout Int, _ body: (Line, Span<UInt8>) -> Void) {
        let start = position
        var end = start
        while end < message.count, message[end] != UInt8(ascii: "\n") { end += 1 }
        position = min(end + 1, message.count)
        judge(message.extracting(start..<end), body)
    }

    /// Takes what there is as the last line: at the end of what the member sends, or of a message.
    mutating func finish(_ body: (Line, Span<UInt8>) -> Void) {
        isSkipping = false
        guard !partial.isEmpty else { return }
        let line = partial
        partial = []
        Self.judge(line.span, body)
    }

    private mutating func keep(_ piece: Span<UInt8>, _ body: (Line, Span<UInt8>) -> Void) {
        guard !isSkipping, !piece.isEmpty else { return }
        let length = partial.count + piece.count
        // The last byte may turn out to be the CR of the line's end.
        let mayFit =
            length <= Self.longest || length == Self.longest + 1 && piece[piece.count - 1] == UInt8(ascii: "\r")
        if mayFit {
            partial.append(contentsOf: piece)
        } else {
            partial = []
            isSkipping = true
            body(.tooLong, Span())
        }
    }

    private mutating func complete(with piece: Span<UInt8>, _ body: (Line, Span<UInt8>) -> Void) {
        var line = partial
        partial = []
        // One byte more than any line has is enough to see that it is too long.
        line.append(contentsOf: piece.extracting(first: min(piece.count, Self.longest + 2)))
        Self.judge(line.span, body)
    }

    private static func judge(_ bytes: Span<UInt8>, _ body: (Line, Span<UInt8>) -> Void) {
        var length = bytes.count
        if length > 0, bytes[length - 1] == UInt8(ascii: "\r") { length -= 1 }
        guard length <= longest else { return body(.tooLong, Span()) }
        let line = bytes.extracting(first: length)
        if line.isUTF8 { body(.text, line) } else { body(.notUTF8, Span()) }
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
    fileprivate var isUTF8: Bool {
        do {
            _ = try UTF8Span(validating: self)
            return true
        } catch {
            return false
        }
    }
}
