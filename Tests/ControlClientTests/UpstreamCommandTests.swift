// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct UpstreamCommandTests {
    typealias Set = ControlParameters.SetUpstream
    typealias Reset = ControlParameters.ResetUpstream

    private static func command(_ line: String) throws -> UpstreamCommand {
        let words = line.split(separator: " ").map(String.init)
        return try UpstreamCommand(words.filter { $0 != "--reset" }, isReset: words.contains("--reset"))
    }

    @Test(arguments: [
        ("drain web a", UpstreamCommand.set(Set(listener: "web", upstream: "a", state: .draining))),
        ("disable web a", .set(Set(listener: "web", upstream: "a", state: .disabled))),
        ("enable drain a", .set(Set(listener: "drain", upstream: "a", state: .enabled))),
        ("weight web a 0", .set(Set(listener: "web", upstream: "a", weight: 0))),
        ("weight web a 256", .set(Set(listener: "web", upstream: "a", weight: 256))),
        ("reset web", .reset(Reset(listener: "web"))),
        ("reset web a", .reset(Reset(listener: "web", upstream: "a"))),
        ("--reset web", .reset(Reset(listener: "web"))),
        ("web a --reset", .reset(Reset(listener: "web", upstream: "a"))),
        ("drain web a --reset", .reset(Reset(listener: "web", upstream: "a"))),
        ("weight web a 5 --reset", .reset(Reset(listener: "web", upstream: "a"))),
        ("--reset reset web", .reset(Reset(listener: "web"))),
        // Listeners may have the names of actions.
        ("--reset drain a", .reset(Reset(listener: "drain", upstream: "a"))),
        ("--reset drain", .reset(Reset(listener: "drain"))),
    ])
    func `the words are read`(line: String, command: UpstreamCommand) throws {
        #expect(try Self.command(line) == command)
    }

    @Test(arguments: [
        ("", "the first word is one of drain, disable, enable, weight, reset"),
        ("drian web a", "unknown action drian: did you mean drain?"),
        ("drain web", "expected: usherctl upstream drain LISTENER UPSTREAM"),
        ("drain web a 5", "expected: usherctl upstream drain LISTENER UPSTREAM"),
        ("weight web a", "expected: usherctl upstream weight LISTENER UPSTREAM NUMBER"),
        ("weight web a 257", "the weight is a number from 0 to 256"),
        ("weight web a -1", "the weight is a number from 0 to 256"),
        ("weight web a many", "the weight is a number from 0 to 256"),
        ("reset", "expected: usherctl upstream reset LISTENER [UPSTREAM]"),
        ("web a b --reset", "expected: usherctl upstream reset LISTENER [UPSTREAM]"),
        ("--reset", "expected: usherctl upstream reset LISTENER [UPSTREAM]"),
    ])
    func `mistakes have a sentence`(line: String, message: String) {
        #expect(throws: UpstreamCommand.Mistake(message: message)) { try Self.command(line) }
    }

    @Test(arguments: [
        (Set(listener: "w", upstream: "a", state: .draining), "a of w gets no new connections"),
        (Set(listener: "w", upstream: "a", state: .disabled), "a of w gets no new connections and is not checked"),
        (Set(listener: "w", upstream: "a", state: .enabled), "a of w gets connections"),
        (Set(listener: "w", upstream: "\u{1b}", weight: 3), "\\u{1B} of w has weight 3"),
    ])
    func `what was set is said`(done: ControlParameters.SetUpstream, sentence: String) {
        #expect(UpstreamCommand.sentence(done) == sentence)
    }

    @Test(arguments: [
        (Reset(listener: "w"), 0, "nothing was set for w"),
        (Reset(listener: "w"), 1, "the configuration is in force again for 1 upstream of w"),
        (Reset(listener: "w", upstream: "a"), 1, "the configuration is in force again for a of w"),
        (Reset(listener: "w", upstream: "a"), 0, "nothing was set for a of w"),
    ])
    func `what was reset is said`(done: ControlParameters.ResetUpstream, count: Int, sentence: String) {
        #expect(UpstreamCommand.sentence(done, count: count) == sentence)
    }
}
