// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import ControlClient
import ControlProtocol
import LinuxSystem
import Records

/// `usherctl history`: lists connections that have ended, and refusals.
struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the last connections that have ended, and refusals.",
        discussion: """
            The newest are first. Options restrict the list to the entries that match all of them. usherd keeps as many as \
            history of [daemon] says.
            """)

    @Option(
        help: ArgumentHelp("Only those of this listener.", valueName: "name"), completion: .live(.listener))
    var listener: String?

    @Option(
        help: ArgumentHelp("Only those from this network or address.", valueName: "network"),
        transform: FilterOptions.network)
    var peer: String?

    @Option(
        help: ArgumentHelp("Only those that got this service.", valueName: "name"), completion: .live(.service))
    var service: String?

    @Option(
        help: ArgumentHelp("Only those to this address of an upstream.", valueName: "address"),
        completion: .live(.upstream), transform: FilterOptions.upstream)
    var upstream: String?

    @Option(
        help: ArgumentHelp("Only those with this reason or rule, such as idle-timeout.", valueName: "reason"),
        completion: .list(EndCauses.words.filter { !$0.contains(" ") }))
    var reason: String?

    @Flag(help: "Only refusals.")
    var refused = false

    @Option(help: ArgumentHelp("List only so many.", valueName: "number"))
    var limit: UInt32?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func validate() throws {
        guard let reason, EndCauses(reason) == nil else { return }
        throw ValidationError(
            "`\(TerminalText.safe(reason))` is not a reason or rule; there are \(EndCauses.words.joined(separator: ", "))"
        )
    }

    private var filter: HistoryFilter? {
        var filter = HistoryFilter()
        filter.listener = listener
        filter.peer = peer
        filter.service = service
        filter.upstream = upstream
        filter.reason = reason
        filter.refused = refused ? true : nil
        return filter == HistoryFilter() ? nil : filter
    }

    func run() throws {
        try options.run { connection in
            let list = try connection.history(ControlParameters.History(filter: filter, limit: limit))
            if options.json {
                options.printJSON(text: Array(list.json.utf8))
            } else {
                print(HistoryText.text(list, now: Clock.realtime / 1000, .ofStandardOutput), terminator: "")
            }
        }
    }
}
