// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol

/// `usherctl upstream`: takes an upstream out and back, or sets its weight.
struct SteerUpstream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstream", abstract: "Drain, disable or enable an upstream, or set its weight.",
        usage: """
            usherctl upstream drain|disable|enable <listener> <upstream>
            usherctl upstream weight <listener> <upstream> <number>
            usherctl upstream reset <listener> [<upstream>]
            """,
        discussion: """
            A drained upstream gets no new connections or flows; those that are open stay, and checks continue. A disabled \
            one is not checked either. What was set outlives a reload, and ends with reset or a restart of usherd. \
            `usherctl status` shows it.
            """)

    @Flag(help: "Take back what was set: the same as reset.")
    var reset = false

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "drain, disable, enable, weight or reset.", completion: .list(UpstreamCommand.actions))
    var action: String

    @Argument(help: "The name of the listener.", completion: .live(.listener))
    var listener: String?

    @Argument(help: "The address of the upstream. Its scheme may be left out.", completion: .live(.upstream))
    var upstream: String?

    @Argument(help: "The weight, from 0 to 256; 0 keeps new connections from it.")
    var number: String?

    private func command() throws(UpstreamCommand.Mistake) -> UpstreamCommand {
        try UpstreamCommand([action] + [listener, upstream, number].compactMap(\.self), isReset: reset)
    }

    func validate() throws {
        do {
            _ = try command()
        } catch {
            throw ValidationError(error.message)
        }
    }

    func run() throws {
        switch try command() {
        case .set(let parameters):
            try options.run(saying: UpstreamCommand.sentence(parameters)) { try $0.set(parameters) }
        case .reset(let parameters):
            try options.run { connection in
                let result = try connection.reset(parameters)
                if options.json {
                    options.printJSON(result)
                } else {
                    print(UpstreamCommand.sentence(parameters, count: result.count))
                }
            }
        }
    }
}
