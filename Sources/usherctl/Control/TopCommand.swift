// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient

/// `usherctl top`: shows the open connections on the full screen, and refreshes them.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show the open connections live, on the whole screen.",
        discussion: """
            Like top(1): with rates, sorted as the letters in the last line say, filtered by what is typed after f, closed \
            after k. The key ? lists all keys, q quits.
            """)

    @OptionGroup(title: "Which Connections") var filter: FilterOptions

    @Option(help: ArgumentHelp("Which are first: age, bytes, idle, rate or rtt.", valueName: "order"))
    var sort: ListOrder = .bytes

    @Option(
        help: ArgumentHelp("The time from one frame to the next.", valueName: "duration"),
        transform: ClientOptions.duration)
    var interval: Duration = .seconds(1)

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func validate() throws {
        if interval < .milliseconds(100) { throw ValidationError("--interval is at least 100ms") }
        if options.json { throw ValidationError("top prints no JSON: use `usherctl connections --json`") }
    }

    func run() throws {
        try ControlOptions.report {
            try Top.run(options.place(), order: sort, filter: filter.filter, interval: interval)
        }
    }
}
