// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import LinuxSystem

/// `usherctl show CONNECTION`: a close look at a connection.
struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show everything that is known of an open connection.",
        discussion: "With the state of both sockets as the kernel sees it.")

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(
        help: ArgumentHelp("The number that `usherctl connections` and the log show.", valueName: "connection"),
        completion: .live(.connection))
    var number: UInt64

    func run() throws {
        try options.run { connection in
            let result = try connection.show(number)
            if options.json {
                options.printJSON(result)
            } else {
                print(ConnectionDetailText.text(result, now: Clock.realtime / 1000, .ofStandardOutput), terminator: "")
            }
        }
    }
}
