// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol

/// `usherctl connections`: lists the open connections.
struct Connections: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the open connections of the running usherd.",
        discussion: """
            Options that say which connections are meant restrict the list to those that match all of them. IN is from \
            the client, OUT to it.
            """)

    @OptionGroup(title: "Which Connections") var filter: FilterOptions

    @Option(help: ArgumentHelp("Which are first: age, bytes or idle.", valueName: "order"))
    var sort: ConnectionOrder?

    @Option(help: ArgumentHelp("List only so many.", valueName: "number"))
    var limit: UInt32?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func run() throws {
        try options.run { connection in
            let filter = filter.filter
            let list = try connection.connections(
                ControlParameters.Connections(filter: filter.isEmpty ? nil : filter, order: sort, limit: limit))
            if options.json {
                options.printJSON(list)
            } else {
                print(ConnectionsText.text(list, .ofStandardOutput), terminator: "")
            }
        }
    }
}
