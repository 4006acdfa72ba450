// SPDX-License-Identifier: Apache-2.0

import Addresses
import ArgumentParser
import LinuxSystem
import SocketClient

/// `usherctl receive ADDRESS`: receives one message.
struct Receive: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait for one message and print it.",
        discussion: """
            Of datagrams the address is listened on. A stream is connected to, or with --listen accepted, and printed \
            to its end.
            """)

    @OptionGroup var options: ClientOptions

    @Flag(name: [.customShort("l"), .long], help: "Be the server, as is always done for datagrams.")
    var listen = false

    @Option(help: ArgumentHelp("Wait for so many messages, or lines of a stream.", valueName: "number"))
    var count: Int?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
    }

    func run() throws {
        var settings = options.settings(.receive)
        settings.listens = listen || options.address.scheme.kind?.isDatagram == true
        settings.count = count
        try ClientOptions.run(settings)
    }
}
