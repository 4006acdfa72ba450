// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlProtocol

@Suite struct MessageSplitterTests {
    private static func messages(of stream: [UInt8], cutAt cuts: [Int]) throws -> [String] {
        var splitter = MessageSplitter(limit: 100)
        var messages: [String] = []
        var start = 0
        for cut in cuts + [stream.count] {
            try splitter.append(stream[start..<cut])
            start = cut
            while let message = splitter.next() { messages.append(String(decoding: message, as: UTF8.self)) }
        }
        return messages
    }

    @Test func `a stream gives the same messages wherever reads cut it`() throws {
        let stream = Array("{\"a\":1}\0\0{}\0ä\0rest".utf8)
        let whole = ["{\"a\":1}", "", "{}", "ä"]
        for first in 0...stream.count {
            for second in first...stream.count {
                #expect(try Self.messages(of: stream, cutAt: [first, second]) == whole)
            }
        }
    }

    @Test func `the longest message passes, and one byte more does not`() throws {
        var splitter = MessageSplitter(limit: 10)
        try splitter.append(Array("0123456789\0".utf8))
        #expect(splitter.next()?.count == 10)
        #expect(throws: MessageSplitter.TooLong()) { try splitter.append(Array("01234567890".utf8)) }
    }

    @Test func `a message that is too long is refused with its end too`() throws {
        var splitter = MessageSplitter(limit: 10)
        #expect(throws: MessageSplitter.TooLong()) { try splitter.append(Array("ab\0012345678901\0".utf8)) }
    }

    @Test func `short messages that nobody takes are bounded together`() throws {
        var splitter = MessageSplitter(limit: 10)
        for _ in 0..<22 { try splitter.append([1, 0]) }
        #expect(throws: MessageSplitter.TooLong()) { try splitter.append([1, 0]) }
    }

    @Test func `a stream of any length passes if it is taken`() throws {
        var splitter = MessageSplitter(limit: 10)
        for _ in 0..<10_000 {
            try splitter.append([7, 7, 0, 7])
            #expect(splitter.next()?.elementsEqual([7, 7]) == true || splitter.pendingBytes < 10)
            while splitter.next() != nil {}
        }
        #expect(splitter.pendingBytes <= 4)
    }
}
