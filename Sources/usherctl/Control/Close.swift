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
            let counted = Amount.text(count, "connection")
            say(count, dryRun ? "\(counted) would be closed" : "closed \(counted)")
            try expectNumbers(count)
        }
    }

    /// Closes those that match now, spread over a time. One that does not match any more when its turn comes is left.
    private func close(_ filter: ConnectionFilter, _ duration: Duration, _ connection: ControlConnection) throws {
        let list = try connection.connections(ControlParameters.Connections(filter: filter)).connections
        let pace = ClosePace(count: list.count, over: duration)
        let count = try pace.close(list.map(\.number), matching: filter, over: connection)
        let rest = list.count - count
        say(
            count,
            "closed \(Amount.text(count, "connection"))"
                + (rest > 0 ? "; \(rest) had ended, or did not match any more" : ""))
        try expectNumbers(list.count)
    }

    private func say(_ count: Int, _ sentence: String) {
        if options.json {
            options.printJSON(ControlResults.Count(count: count))
        } else if count > 0 || numbers.isEmpty {
            print(sentence)
        }
    }

    /// Fails if numbers were given and fewer connections were found.
    private func expectNumbers(_ count: Int) throws {
        let given = Set(numbers)
        guard count < given.count else { return }
        let isMatched = filter.filter.isEmpty ? "" : " and matches the options"
        let what =
            given.count == 1
            ? "no open connection has the number \(numbers[0])\(isMatched)"
            : "\(given.count - count) of \(given.count) numbers: no open connection has them\(isMatched)"
        throw ControlFailure(.refused, "\(what); `usherctl connections` lists the open ones")
    }
}
