// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

/// A stream is cut into its messages, wherever reads have cut it and whatever the receiver does not take yet.
@Suite struct FrameDecoderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let framing: Framing
        let stream: [UInt8]
        /// What is delivered before the end of the stream is told.
        let messages: [[UInt8]]
        /// What the end brings.
        var last: [UInt8]?
        var mistake: FramingMistake?

        init(
            _ framing: Framing, _ stream: String, _ messages: [String], last: String? = nil,
            mistake: FramingMistake? = nil
        ) {
            self.framing = framing
            self.stream = Array(stream.utf8)
            self.messages = messages.map { Array($0.utf8) }
            self.last = last.map { Array($0.utf8) }
            self.mistake = mistake
        }

        /// One of which only the stream matters.
        init(_ framing: Framing, stream: [UInt8]) {
            self.framing = framing
            self.stream = stream
            messages = []
        }

        var testDescription: String { "\(framing) \(String(decoding: stream, as: UTF8.self).debugDescription)" }
    }

    static let cases: [Case] = [
        Case(.lines, "", []),
        Case(.lines, "\n", [""]),
        Case(.lines, "\r\n", [""]),
        Case(.lines, "\n\n\r\n", ["", "", ""]),
        Case(.lines, "one\n", ["one"]),
        Case(.lines, "one\r\ntwo\n", ["one", "two"]),
        // Only the CR right before the LF is part of the terminator.
        Case(.lines, "a\rb\r\r\n", ["a\rb\r"]),
        Case(.lines, "one\ntwo", ["one"], last: "two"),
        Case(.lines, "one\ntwo\r", ["one"], last: "two\r"),
        Case(.lines, "\u{0}\n", ["\u{0}"]),
        Case(.length16, "", []),
        Case(.length16, "\u{0}\u{0}", [""]),
        Case(.length16, "\u{0}\u{3}abc", ["abc"]),
        Case(.length16, "\u{0}\u{3}abc\u{0}\u{0}\u{0}\u{1}\n", ["abc", "", "\n"]),
        Case(.length16, "\u{0}", [], mistake: .truncated),
        Case(.length16, "\u{0}\u{1}", [], mistake: .truncated),
        Case(.length16, "\u{0}\u{1}a\u{0}\u{5}four", ["a"], mistake: .truncated),
    ]

    /// Gives a stream in parts to a decoder, and what it cuts off to a receiver that takes each message after so many
    /// refusals.
    private func decode(
        _ example: Case, _ parts: [ArraySlice<UInt8>], refusals: Int = 0
    ) -> (messages: [[UInt8]], mistake: FramingMistake?, isHolding: Bool) {
        var decoder = FrameDecoder(example.framing)
        var messages: [[UInt8]] = []
        var patience = refusals
        let take = { (message: RawSpan) -> Bool in
            guard patience == 0 else {
                patience -= 1
                return false
            }
            patience = refusals
            var copy: [UInt8] = []
            copy.append(copying: message)
            messages.append(copy)
            return true
        }
        do throws(FramingMistake) {
            for part in parts {
                let bytes = Array(part)
                try decoder.decode(bytes.span.bytes, take)
            }
            while decoder.isStalled { try decoder.resume(take) }
            repeat { try decoder.end(take) } while decoder.isStalled
        } catch {
            return (messages, error, decoder.isHolding)
        }
        return (messages, nil, decoder.isHolding)
    }

    @Test(arguments: cases) func eachSplitIsTheSame(_ example: Case) {
        let count = example.stream.count
        let wanted = example.messages + (example.last.map { [$0] } ?? [])
        // A bit says whether the stream is cut behind a byte.
        for cuts in 0..<(1 << max(count - 1, 0)) {
            var parts: [ArraySlice<UInt8>] = []
            var start = 0
            for index in 0..<count where index == count - 1 || cuts & (1 << index) != 0 {
                parts.append(example.stream[start...index])
                start = index + 1
            }
            for refusals in 0...2 {
                let result = decode(example, parts, refusals: refusals)
                #expect(result.messages == wanted)
                #expect(result.mistake == example.mistake)
                if example.mistake == nil { #expect(!result.isHolding) }
            }
        }
    }

    /// All streams of a few bytes that matter: what is delivered does not depend on the cut, and nothing is lost.
    @Test(arguments: Framing.allCases) func everyShortStream(_ framing: Framing) {
        let alphabet: [UInt8] = [0, 1, 2, UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        var streams: [[UInt8]] = [[]]
        for _ in 0..<5 {
            streams = streams.flatMap { stream in [stream] + alphabet.map { stream + [$0] } }
        }
        for stream in Set(streams) {
            let example = Case(framing, stream: stream)
            let whole = decode(example, [stream[...]])
            #expect(whole.messages == Self.reference(framing, stream).messages)
            #expect((whole.mistake != nil) == Self.reference(framing, stream).isTruncated)
            let single = decode(example, stream.indices.map { stream[$0...$0] }, refusals: 1)
            #expect(single.messages == whole.messages)
            #expect(single.mistake == whole.mistake)
        }
    }

    /// The same in the plainest way.
    private static func reference(
        _ framing: Framing, _ stream: [UInt8]
    ) -> (messages: [[UInt8]], isTruncated: Bool) {
        var messages: [[UInt8]] = []
        var rest = stream[...]
        switch framing {
        case .lines:
            while let end = rest.firstIndex(of: 10) {
                var line = rest[..<end]
                if line.last == 13 { line.removeLast() }
                messages.append(Array(line))
                rest = rest[(end + 1)...]
            }
            if !rest.isEmpty { messages.append(Array(rest)) }
            return (messages, false)
        case .length16:
            while rest.count >= 2 {
                let length = Int(rest[rest.startIndex]) * 256 + Int(rest[rest.startIndex + 1])
                guard rest.count - 2 >= length else { break }
                messages.append(Array(rest.dropFirst(2).prefix(length)))
                rest = rest.dropFirst(2 + length)
            }
            return (messages, !rest.isEmpty)
        }
    }

    // MARK: The end

    @Test(arguments: [true, false]) func `discarded messages are counted`(isOver: Bool) throws {
        var decoder = FrameDecoder(.lines)
        var refused = 0
        try decoder.decode(Array("a\nb\n\nc".utf8).span.bytes) { _ in
            refused += 1
            return refused > 1
        }
        #expect(decoder.isStalled && refused == 1)
        // The last line is whole if the stream ends there.
        #expect(decoder.drop(isOver: isOver) == (isOver ? 4 : 3))
        #expect(!decoder.isHolding && !decoder.isStalled)
    }

    @Test func `a message without an end is not counted`() throws {
        var decoder = FrameDecoder(.length16)
        try decoder.decode(([0, 1, 7, 0, 5, 1] as [UInt8]).span.bytes) { _ in false }
        #expect(decoder.drop(isOver: true) == 1)
    }

    // MARK: Bounds

    @Test(arguments: [1, 1000, 65_507]) func aLineOfTheGreatestLength(_ step: Int) {
        for terminator in ["\n", "\r\n"] {
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 65_507)
            let stream = line + Array(terminator.utf8)
            let result = decode(Case(.lines, stream: stream), Self.cut(stream, step))
            #expect(result.messages == [line])
            #expect(result.mistake == nil)
        }
    }

    @Test(arguments: [1, 1000, 70_000]) func aLineThatIsTooLong(_ step: Int) {
        for end in ["", "\n", "\r\n"] {
            let stream =
                Array("before\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 65_508) + Array(end.utf8)
            let result = decode(Case(.lines, stream: stream), Self.cut(stream, step))
            // Never the beginning of it.
            #expect(result.messages == [Array("before".utf8)])
            #expect(result.mistake == .tooLong)
        }
    }

    /// Who never ends a line is found out before more is held than a line may have.
    @Test func anEndlessLineIsNotHeld() {
        var decoder = FrameDecoder(.lines)
        var bytes = 0
        #expect(throws: FramingMistake.tooLong) {
            while bytes < 1 << 20 {
                let part = [UInt8](repeating: 0, count: 1000)
                bytes += part.count
                try decoder.decode(part.span.bytes) { _ in true }
            }
        }
        #expect(bytes <= 67_000)
    }

    @Test(arguments: [1, 65_536, 70_000]) func aCountedMessageOfTheGreatestLength(_ step: Int) {
        let message = [UInt8](repeating: 10, count: 65_535)
        let stream = [0xff, 0xff] + message + [0, 1, 7]
        let result = decode(Case(.length16, stream: stream), Self.cut(stream, step))
        #expect(result.messages == [message, [7]])
        #expect(result.mistake == nil)
    }

    private static func cut(_ stream: [UInt8], _ step: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: stream.count, by: step).map { stream[$0..<min($0 + step, stream.count)] }
    }
}
