// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol

/// `usherctl close`: closes connections.
struct Close: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Close connections of the running usherd.",
        discussion: """
            Closes those with the given numbers, or those that match all options. The records of their end have the \
            reason closed-by-operator.
            """)

    @OptionGroup(title: "Which Connections") var filter: FilterOptions

    @Flag(help: "Only count them.")
    var dryRun = false

    @Option(
        help: ArgumentHelp("Close them one after the other, spread over this time.", valueName: "duration"),
        transform: ClientOptions.duration)
    var over: Duration?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(
        help: ArgumentHelp("The numbers that `usherctl connections` and the log show.", valueName: "connection"),
        completion: .live(.connection))
    var numbers: [UInt64] = []

    func validate() throws {
        guard !wanted.isEmpty else {
            throw ValidationError(
                "say which connections: their numbers, or options such as --listener; --older 0s means all of them")
        }
    }

    private var wanted: ConnectionFilter {
        var filter = filter.filter
        if !numbers.isEmpty { filter.numbers = Set(numbers).sorted() }
        return filter
    }

    func run() throws {
        let filter = wanted
        try options.run { connection in
            if let over, !dryRun { return try close(filter, over, connection) }
            let count = try connection.close(filter, isDryRun: dryRun)
            say(count, dryRun ? "\(Amount.text(count, "connection")) would be closed" : closed(count))
            try expectAll(count)
        }
    }

    /// Closes those that match now, spread over a time. One that does not match any more when its turn comes is left.
    private func close(_ filter: ConnectionFilter, _ duration: Duration, _ connection: ControlConnection) throws {
        let list = try connection.connections(ControlParameters.Connections(filter: filter)).connections
        let pace = ClosePace(count: list.count, over: duration)
        let count = try pace.close(list.map(\.number), matching: filter, over: connection)
        let rest = list.count - count
        say(count, closed(count) + (rest > 0 ? "; \(rest) had ended, or did not match any more" : ""))
        try expectAll(list.count)
    }

    private func closed(_ count: Int) -> String { "closed \(Amount.text(count, "connection"))" }

    private func say(_ count: Int, _ sentence: String) {
        if options.json { options.printJSON(ControlResults.Count(count: count)) } else { print(sentence) }
    }

    /// Fails if connections were given by their numbers and some do not exist.
    private func expectAll(_ count: Int) throws {
        let given = Set(numbers).count
        guard count < given else { return }
        throw ControlFailure(
            .refused,
            "\(given - count) of \(Amount.text(given, "connection")) not found; `usherctl connections` lists the open ones"
        )
    }
}
