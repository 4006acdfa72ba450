// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

/// Another upstream can take over as long as all that was sent is known, and nothing was answered.
@Suite struct UnansweredMessagesTests {
    private static func note(_ message: [UInt8], in unanswered: inout UnansweredMessages) {
        unanswered.note(message.span.bytes)
    }

    @Test func keepsWhatWasSent() {
        var unanswered = UnansweredMessages()
        Self.note([1], in: &unanswered)
        Self.note([], in: &unanswered)
        #expect(unanswered.messages == [[1], []])
        #expect(unanswered.isWhole)
    }

    @Test func forgetsAllWhenOneIsTooMany() {
        var unanswered = UnansweredMessages()
        for _ in 0..<UnansweredMessages.mostMessages { Self.note([1], in: &unanswered) }
        #expect(unanswered.isWhole)
        Self.note([1], in: &unanswered)
        #expect(!unanswered.isWhole)
        #expect(unanswered.messages.isEmpty)
        Self.note([1], in: &unanswered)
        #expect(unanswered.messages.isEmpty)
    }

    @Test func boundsTheBytes() {
        var unanswered = UnansweredMessages()
        Self.note([UInt8](repeating: 0, count: UnansweredMessages.mostBytes), in: &unanswered)
        #expect(unanswered.isWhole)
        Self.note([], in: &unanswered)
        #expect(unanswered.isWhole)
        Self.note([0], in: &unanswered)
        #expect(!unanswered.isWhole)
    }

    @Test func anAnswerEndsIt() {
        var unanswered = UnansweredMessages()
        Self.note([1], in: &unanswered)
        unanswered.forget()
        #expect(unanswered.messages.isEmpty)
        #expect(!unanswered.isWhole)
    }
}
