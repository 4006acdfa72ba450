// SPDX-License-Identifier: Apache-2.0

import Addresses
import ArgumentParser
import ControlClient
import ControlProtocol

/// The options that say which connections are meant: those that match all of them.
struct FilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only those of this listener.", valueName: "name"), completion: .live(.listener))
    var listener: String?

    @Option(
        help: ArgumentHelp("Only those from this network or address.", valueName: "network"),
        transform: FilterOptions.network)
    var peer: String?

    @Option(
        help: ArgumentHelp("Only those that get this service.", valueName: "name"), completion: .live(.service))
    var service: String?

    @Option(
        help: ArgumentHelp("Only those to this address of an upstream.", valueName: "address"),
        completion: .live(.upstream), transform: FilterOptions.upstream)
    var upstream: String?

    @Option(
        help: ArgumentHelp("Only those that have been open for so long.", valueName: "duration"),
        transform: ClientOptions.duration)
    var older: Duration?

    @Option(
        help: ArgumentHelp("Only those without a byte for so long.", valueName: "duration"),
        transform: ClientOptions.duration)
    var idle: Duration?

    /// Parses a network, so that a mistake gets the words of the configuration.
    static func network(_ text: String) throws -> String {
        do throws(IPNetworkMistake) {
            return try IPNetwork(parsing: text).description
        } catch {
            throw ValidationError("\(error.message); \(error.help)")
        }
    }

    /// Completes an address without a scheme, as the table shows it.
    static func upstream(_ text: String) -> String {
        FilterWords.upstream(text)
    }

    /// Fails if no listener has the name of `--listener`, also none that was removed and still has connections.
    func expectListener(_ connection: ControlConnection) throws(ControlFailure) {
        guard let listener else { return }
        _ = try connection.status(of: listener)
    }

    /// The filter of a call.
    var filter: ConnectionFilter {
        var filter = ConnectionFilter()
        filter.listener = listener
        filter.peer = peer
        filter.service = service
        filter.upstream = upstream
        filter.olderMicroseconds = older?.wholeMicroseconds
        filter.idleMicroseconds = idle?.wholeMicroseconds
        return filter
    }
}

extension ListOrder: ExpressibleByArgument {}
