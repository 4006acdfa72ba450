// SPDX-License-Identifier: Apache-2.0

/// Cuts the input of one member into lines, independent of how reads split it.
///
/// A line ends with LF or CR LF and has at most ``longest`` bytes before that. A longer one is reported and skipped up to
/// its end, so at most one line is held for a member. Between lines nothing is held.
struct LineAssembler {
    /// The most bytes that a line may have, without its terminator.
    static let longest = 4096

    /// The kind of a line.
    enum Line: Equatable {
        /// A line of valid UTF-8.
        case text
        /// A line with too many bytes. Reported once, as soon as it is detected.
        case tooLong
        /// A line that is not UTF-8.
        case notUTF8
    }

    /// The beginning of an incomplete line.
    private var partial: [UInt8] = []

    /// Whether the rest of a line that is too long is being skipped.
    private var isSkipping = false

    /// Takes the next line out of `input`, and moves `position` behind it.
    ///
    /// - Parameters:
    ///   - input: bytes from the member.
    ///   - position: where to continue; moved to the end if the line is incomplete, whose beginning is then kept.
    ///   - body: called with the line, at most once; the bytes are empty unless the line is text.
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
            Self.classify(piece, body)
        } else {
            complete(with: piece, body)
        }
    }

    /// Takes the next line out of a message, and moves `position` behind it. The last line needs no terminator.
    static func next(ofMessage message: Span<UInt8>, at position: inout Int, _ body: (Line, Span<UInt8>) -> Void) {
        let start = position
        var end = start
        while end < message.count, message[end] != UInt8(ascii: "\n") { end += 1 }
        position = min(end + 1, message.count)
        classify(message.extracting(start..<end), body)
    }

    /// Takes an incomplete line as the last one: at EOF, or at the end of a message.
    mutating func finish(_ body: (Line, Span<UInt8>) -> Void) {
        isSkipping = false
        guard !partial.isEmpty else { return }
        let line = partial
        partial = []
        Self.classify(line.span, body)
    }

    private mutating func keep(_ piece: Span<UInt8>, _ body: (Line, Span<UInt8>) -> Void) {
        guard !isSkipping, !piece.isEmpty else { return }
        let length = partial.count + piece.count
        // The last byte may be the CR of CR LF.
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
        // One byte more than the longest line with its CR is enough to detect that it is too long.
        line.append(contentsOf: piece.extracting(first: min(piece.count, Self.longest + 2)))
        Self.classify(line.span, body)
    }

    private static func classify(_ bytes: Span<UInt8>, _ body: (Line, Span<UInt8>) -> Void) {
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
