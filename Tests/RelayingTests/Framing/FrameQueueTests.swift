// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

/// What becomes of a datagram in a stream, and what is known of those that wait.
@Suite struct FrameQueueTests {
    private static func bytes(_ queue: borrowing FrameQueue) -> [UInt8] {
        queue.withBytes { span in
            var copy: [UInt8] = []
            copy.append(copying: span)
            return copy
        }
    }

    private static func append(_ message: [UInt8], to queue: inout FrameQueue) throws(FramingMistake) {
        try queue.append(message.span.bytes)
    }

    struct Case: Sendable {
        let framing: Framing
        let message: String
        let frame: String
    }

    static let framed: [Case] = [
        Case(framing: .lines, message: "", frame: "\n"),
        Case(framing: .lines, message: "one", frame: "one\n"),
        // Its own terminator is enough.
        Case(framing: .lines, message: "one\n", frame: "one\n"),
        Case(framing: .lines, message: "one\r\n", frame: "one\r\n"),
        Case(framing: .lines, message: "\n", frame: "\n"),
        Case(framing: .lines, message: "a\rb", frame: "a\rb\n"),
        Case(framing: .length16, message: "", frame: "\u{0}\u{0}"),
        Case(framing: .length16, message: "one\n", frame: "\u{0}\u{4}one\n"),
        Case(framing: .length16, message: "\n\n", frame: "\u{0}\u{2}\n\n"),
    ]

    @Test(arguments: framed) func oneMessage(_ example: Case) throws {
        var queue = FrameQueue(example.framing)
        try Self.append(Array(example.message.utf8), to: &queue)
        #expect(Self.bytes(queue) == Array(example.frame.utf8))
        #expect(queue.messages == 1)
    }

    static let manyLines = ["\na", "a\nb", "a\n\n", "\n\n", "a\nb\n", "\r\n\r\n"]

    /// One datagram never becomes two messages.
    @Test(arguments: manyLines) func aLineFeedInTheMiddleIsRefused(_ message: String) throws {
        var queue = FrameQueue(.lines)
        try Self.append(Array("before".utf8), to: &queue)
        #expect(throws: FramingMistake.holdsLineFeed) { try Self.append(Array(message.utf8), to: &queue) }
        #expect(Self.bytes(queue) == Array("before\n".utf8))
        #expect(queue.messages == 1)
    }

    @Test(arguments: Framing.allCases) func theGreatestLengthAndOneMore(_ framing: Framing) throws {
        var queue = FrameQueue(framing)
        let longest = [UInt8](repeating: 7, count: framing.longestMessage)
        try Self.append(longest, to: &queue)
        #expect(throws: FramingMistake.tooLong) { try Self.append(longest + [7], to: &queue) }
        #expect(queue.messages == 1)
        #expect(queue.count == longest.count + (framing == .lines ? 1 : 2))
    }

    @Test func aTerminatorIsNotCounted() throws {
        var queue = FrameQueue(.lines)
        try Self.append([UInt8](repeating: 7, count: 65_507) + [10], to: &queue)
        #expect(queue.count == 65_508)
    }

    /// Whatever parts a socket takes, each message counts once, when its last byte has gone.
    @Test(arguments: 1...13) func partsOfAnyLength(_ step: Int) throws {
        var queue = FrameQueue(.length16)
        var sent: [UInt8] = []
        var gone = 0
        var wanted: [UInt8] = []
        for number in 0..<40 {
            let message = [UInt8](repeating: UInt8(number), count: number % 7)
            try Self.append(message, to: &queue)
            wanted += [0, UInt8(message.count)] + message
            // More comes in than goes out, and then less.
            let take = min(step, queue.count)
            sent += Self.bytes(queue).prefix(take)
            gone += queue.consume(take)
            #expect(gone + queue.messages == number + 1)
        }
        while !queue.isEmpty {
            let take = min(step, queue.count)
            sent += Self.bytes(queue).prefix(take)
            gone += queue.consume(take)
        }
        #expect(sent == wanted)
        #expect(gone == 40)
        #expect(queue.messages == 0)
    }

    @Test func aHeaderIsNoMessage() throws {
        var queue = FrameQueue(.lines)
        try Self.append(Array("one".utf8), to: &queue)
        queue.prepend(Array("PROXY\r\n".utf8))
        #expect(Self.bytes(queue) == Array("PROXY\r\none\n".utf8))
        #expect(queue.messages == 1)
        #expect(queue.consume(7) == 0)
        #expect(queue.consume(4) == 1)
        #expect(queue.isEmpty)
        queue.prepend([1])
        #expect(queue.consume(1) == 0)
        #expect(queue.isEmpty)
    }

    @Test func itIsBounded() throws {
        var queue = FrameQueue(.length16)
        var count = 0
        while queue.hasRoom {
            try Self.append([], to: &queue)
            count += 1
        }
        #expect(count == FrameQueue.mostMessages)
        queue = FrameQueue(.length16)
        while queue.hasRoom { try Self.append([UInt8](repeating: 0, count: 65_535), to: &queue) }
        #expect(queue.count < FrameQueue.mostBytes + 65_537)
    }

    /// What goes into a stream comes out of it as it was.
    @Test(arguments: Framing.allCases) func thereAndBack(_ framing: Framing) throws {
        let alphabet: [UInt8] = [0, UInt8(ascii: "a"), UInt8(ascii: "\r")]
        var messages: [[UInt8]] = [[]]
        for _ in 0..<4 {
            messages = Array(Set(messages.flatMap { message in [message] + alphabet.map { message + [$0] } }))
        }
        // A CR at the end is read as part of the terminator: lines do not carry it.
        if framing == .lines { messages.removeAll { $0.last == UInt8(ascii: "\r") } }
        var queue = FrameQueue(framing)
        for message in messages { try Self.append(message, to: &queue) }
        var decoder = FrameDecoder(framing)
        var found: [[UInt8]] = []
        let stream = Self.bytes(queue)
        try decoder.decode(stream.span.bytes) { message in
            var copy: [UInt8] = []
            copy.append(copying: message)
            found.append(copy)
            return true
        }
        #expect(found == messages)
        #expect(!decoder.isHolding)
    }
}
