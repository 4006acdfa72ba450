// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
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
        help: ArgumentHelp("Only those that ended for this reason, such as idle-timeout.", valueName: "reason"),
        completion: .list(History.reasons))
    var reason: String?

    @Flag(help: "Only refusals.")
    var refused = false

    @Option(help: ArgumentHelp("List only so many.", valueName: "number"))
    var limit: UInt32?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    private static let reasons =
        (CloseReason.allCases.map { "\($0.name)" } + Refusal.Kind.allCases.map(\.name)).sorted()

    func validate() throws {
        guard let reason, !Self.reasons.contains(reason) else { return }
        throw ValidationError("no connection ends for this reason; there are \(Self.reasons.joined(separator: ", "))")
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
