// SPDX-License-Identifier: Apache-2.0

import Addresses
import ArgumentParser
import ControlClient

/// `usherctl explain ADDRESS`: what would become of a connection.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the running usherd would do with a connection from an address.",
        discussion: """
            Whether it would be accepted, by which listeners; how full the limits are; whether a PROXY header is believed \
            from there; which service and which upstream it would get.
            """)

    @Option(
        help: ArgumentHelp("Only this listener.", valueName: "name"), completion: .live(.listener))
    var listener: String?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "The IP address of the client.", transform: Explain.address)
    var address: String

    /// Checks an address, so that a mistake gets a sentence.
    static func address(_ text: String) throws -> String {
        if SocketAddress(client: text) != nil { return text }
        let isSocket = text.contains("://") || text.hasPrefix("/") || text.hasPrefix("@")
        throw ValidationError(
            isSocket
                ? "`\(text)` is not an IP address; clients of other sockets have no address to explain"
                : "`\(text)` is not an IP address; write for example 192.0.2.7 or 2001:db8::7, without a port")
    }

    func run() throws {
        try options.run { connection in
            let result = try connection.explain(address, to: listener)
            if options.json {
                options.printJSON(result)
            } else {
                print(ExplainText(result, for: address, .ofStandardOutput).text, terminator: "")
            }
        }
    }
}
