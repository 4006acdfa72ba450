// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient

/// `usherctl config`: the configuration in force.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the configuration that the running usherd has in force.",
        discussion: """
            Each value has the file and the line that it comes from, or `default`. The text is TOML, and a valid \
            configuration.
            """)

    @Option(
        help: ArgumentHelp("Only the settings of this listener.", valueName: "name"), completion: .live(.listener))
    var listener: String?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func run() throws {
        try options.run { connection in
            let config = try connection.config(of: listener)
            if options.json {
                options.printJSON(config)
            } else {
                print(ConfigText(config, .ofStandardOutput).text, terminator: "")
            }
        }
    }
}
