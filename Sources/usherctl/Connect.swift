// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import LinuxSystem
import SocketClient

/// `usherctl connect ADDRESS`: sends and receives.
struct Connect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a socket of any family.",
        discussion: """
            On a terminal, each line that you type is sent; `q` alone on a line or Ctrl-D quits. From a pipe, all of \
            the standard input is sent, and what comes back is printed until EOF from the peer. The exit \
            status tells what went wrong, see usherctl(1).
            """)

    @OptionGroup var options: ClientOptions

    @Flag(name: [.customShort("l"), .long], help: "Be the server for one client.")
    var listen = false

    @Option(
        help: ArgumentHelp(
            "The address to come from: IP, IP:PORT, or the path or @NAME of a Unix socket.", valueName: "address"))
    var source: String?

    @Option(help: ArgumentHelp("End after so many messages, or lines of a stream.", valueName: "number"))
    var count: Int?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is at least 1; leave it out not to count") }
    }

    func run() throws {
        var settings = options.settings(.connect)
        settings.listens = listen
        settings.source = try source.map(options.source)
        settings.count = count
        try ClientOptions.run(settings)
    }
}
