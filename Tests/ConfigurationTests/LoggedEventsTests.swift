// SPDX-License-Identifier: Apache-2.0

import Policy
import Testing

@testable import Configuration

/// `log` of a listener and of `[defaults]`.
@Suite struct LoggedEventsTests {
    private static func listener(_ own: String, defaults: String = "") -> (Configuration?, [ConfigurationProblem]) {
        Configuration.parse(
            "[defaults]\n\(defaults)\n[listener.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"echo\"\n\(own)\n")
    }

    @Test(arguments: [
        ("", "", LoggedEvents.all), ("log = [\"open\", \"close\"]", "", .all), ("log = [\"close\"]", "", .close),
        ("log = \"open\"", "", .open), ("log = false", "", LoggedEvents()), ("log = true", "", .all),
        ("", "log = [\"close\"]", .close), ("", "log = false", LoggedEvents()),
        ("log = [\"open\"]", "log = false", .open),
        ("log = false", "log = [\"open\"]", LoggedEvents()), ("log = [\"close\", \"close\"]", "", .close),
    ])
    func `log is read for a listener or inherited`(own: String, defaults: String, events: LoggedEvents) throws {
        let (configuration, problems) = Self.listener(own, defaults: defaults)
        #expect(problems.isEmpty, "\(problems)")
        #expect(try #require(configuration).listeners[0].plan.log == events)
    }

    @Test(arguments: [
        ("log = [\"opened\"]", "`opened` is not a choice", "did you mean `open`?"),
        (
            "log = [\"refused\"]", "`refused` is not a choice",
            "the choices are"
        ),
        ("log = \"none\"", "`log` cannot be \"none\"", "write log = false for neither"),
        ("log = []", "`log` names no event", "write log = false for neither"),
        (
            "log = 1", "`log` must be false, or a list of the events to log, not an integer",
            "write log = [\"open\", \"close\"]"
        ),
        (
            "log = [1]", "`log` must be false, or a list of the events to log, not an integer",
            "write log = [\"open\", \"close\"]"
        ),
    ])
    func `anything else is a mistake`(line: String, message: String, help: String) {
        let (configuration, problems) = Self.listener(line)
        #expect(configuration == nil)
        #expect(problems.count == 1)
        #expect(problems.first?.message == message)
        #expect(problems.first?.help == help)
    }

    @Test(arguments: [("log = [\"close\"]", "log [\"close\"]"), ("log = false", "log false"), ("log = true", nil)])
    func `the summary shows what is not logged`(line: String, words: String?) throws {
        let summary = try #require(Self.listener(line).0).summary
        #expect(summary.contains("log") == (words != nil))
        if let words { #expect(summary.contains(words), "\(summary)") }
    }

    @Test func `exact is read`() throws {
        #expect(try #require(Self.listener("").0).log.isExact == false)
        #expect(try #require(Self.listener("[log]\nexact = true").0).log.isExact)
    }
}
