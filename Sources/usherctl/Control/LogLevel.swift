// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol

/// `usherctl log-level [LEVEL]`: shows or sets the lowest level that is logged.
struct LogLevel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show or set the lowest level that the running usherd logs.",
        discussion: "It holds for every destination of the log, until a reload or a restart.")

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "debug, info, notice, warning or error.")
    var level: LevelName?

    func run() throws {
        guard let level else { return try show() }
        try options.run(saying: "usherd logs records of level \(level.rawValue) and above, until a reload or a restart")
        {
            try $0.setLogLevel(level)
        }
    }

    private func show() throws {
        try options.run { connection in
            let levels = try connection.logLevel()
            guard !options.json else { return options.printJSON(levels) }
            let configured = "; the configuration says \(levels.configured.rawValue)"
            print(levels.level.rawValue + (levels.level == levels.configured ? "" : configured))
        }
    }
}
