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
        let wanted = wanted
        try options.run { connection in
            try filter.expectListener(connection)
            if let over, !dryRun { return try close(wanted, over, connection) }
            let missing = try missing(connection)
            let count = try connection.close(wanted, isDryRun: dryRun)
            let counted = Amount.text(count, "connection")
            say(count, dryRun ? "\(counted) would be closed" : "closed \(counted)")
            try expectNumbers(count, missing)
        }
    }

    /// The given numbers that no connection has; none if there are more numbers than one call can have, or only one.
    private func missing(_ connection: ControlConnection) throws(ControlFailure) -> [UInt64] {
        let given = Set(numbers)
        guard given.count > 1, given.count <= ControlConnection.mostNumbers else { return [] }
        let list = try connection.connections(ControlParameters.Connections(filter: wanted)).connections
        return given.subtracting(list.map(\.number)).sorted()
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
        try expectNumbers(list.count, Set(numbers).subtracting(list.map(\.number)).sorted())
    }

    private func say(_ count: Int, _ sentence: String) {
        if options.json {
            options.printJSON(ControlResults.Count(count: count))
        } else if count > 0 || numbers.isEmpty {
            print(sentence)
        }
    }

    /// Fails if numbers were given and fewer connections were found.
    ///
    /// - Parameter missing: the numbers that were not found, as far as they are known.
    private func expectNumbers(_ count: Int, _ missing: [UInt64]) throws {
        let given = Set(numbers)
        guard count < given.count else { return }
        // One that was found may have ended before it could be closed.
        let isKnown = missing.count == given.count - count
        throw ControlFailure.noConnections(
            isKnown ? missing : given.count == 1 ? Array(given) : [], count: given.count - count, of: given.count,
            isMatched: !filter.filter.isEmpty)
    }
}
