// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol
import LinuxSystem

/// `usherctl connections`: lists the open connections.
struct Connections: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the open connections of the running usherd.",
        discussion: """
            Options that say which connections are meant restrict the list to those that match all of them. IN is from \
            the client, OUT to it. Rates are counted for the time of --interval.
            """)

    @OptionGroup(title: "Which Connections") var filter: FilterOptions

    @Option(help: ArgumentHelp("Which are first: age, bytes, idle, rate or rtt.", valueName: "order"))
    var sort: ListOrder?

    @Option(
        help: ArgumentHelp("With --sort rate: count for so long, 1s by default.", valueName: "duration"),
        transform: ClientOptions.duration)
    var interval: Duration?

    @Option(help: ArgumentHelp("List only so many.", valueName: "number"))
    var limit: UInt32?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func validate() throws {
        guard let interval else { return }
        if sort != .rate { throw ValidationError("--interval is for --sort rate") }
        if interval < .milliseconds(100) { throw ValidationError("--interval is at least 100ms") }
    }

    private var wanted: ConnectionFilter? {
        let filter = filter.filter
        return filter.isEmpty ? nil : filter
    }

    func run() throws {
        try options.run { connection in
            try filter.expectListener(connection)
            if sort == .rate { return try printRates(connection) }
            let list = try connection.connections(
                ControlParameters.Connections(filter: wanted, order: sort?.ofDaemon, limit: limit))
            if options.json {
                options.printJSON(list)
            } else {
                print(ConnectionsText.text(list, .ofStandardOutput), terminator: "")
            }
        }
    }

    /// The daemon keeps no rates: compares two lists of all connections, and sorts the second one.
    private func printRates(_ connection: ControlConnection) throws {
        let parameters = ControlParameters.Connections(filter: wanted)
        let start = Clock.monotonic
        let earlier = try connection.connections(parameters)
        try Pause.wait(for: interval ?? .seconds(1))
        let duration = Clock.span(from: start, to: Clock.monotonic) / 1000
        var list = try connection.connections(parameters)
        let change = ConnectionsChange(from: earlier, to: list, durationMicroseconds: duration)
        list.connections = Array(change.sortedByRate(list.connections).prefix(limit.map(Int.init) ?? .max))
        if options.json {
            options.printJSON(ConnectionsWithChange(list, change))
        } else {
            print(ConnectionsText.text(list, change: change, .ofStandardOutput), terminator: "")
        }
    }
}
