// SPDX-License-Identifier: Apache-2.0

import Addresses
import ArgumentParser
import LinuxSystem
import SocketClient

/// `usherctl send ADDRESS DATA…`: sends one message.
struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send one message.",
        discussion: """
            The words are joined by spaces, and no line feed is added. On a stream they are all that is sent; usherctl \
            then waits for EOF from the peer, for two seconds at most. What comes back is not shown.
            """)

    @OptionGroup var options: ClientOptions

    @Option(
        help: ArgumentHelp(
            "The address to come from: IP, IP:PORT, or the path or @NAME of a Unix socket.", valueName: "address"))
    var source: String?

    @Argument(help: "What to send; for CAN a frame, as in 123#DEADBEEF. \"\" is a message without bytes.")
    var data: [String]

    /// Checks the message here, since errors of `validate` are printed with the usage of the command.
    func validate() throws { _ = try message() }

    private func message() throws -> [UInt8] {
        let text = Array(data.joined(separator: " ").utf8)
        let form: TextForm = options.address.scheme == .can ? .can : options.hex ? .hex : .plain
        do throws(TextMistake) {
            return try form.decode(line: text)
        } catch {
            throw ValidationError(error.message)
        }
    }

    func run() throws {
        var settings = options.settings(.send(try message()))
        settings.source = try source.map(options.source)
        try ClientOptions.run(settings)
    }
}
