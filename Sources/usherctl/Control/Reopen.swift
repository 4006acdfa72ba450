// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient

/// `usherctl reopen`: opens the log files again.
struct Reopen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the running usherd open its log files again.",
        discussion: "As SIGUSR1 does, after the files were moved.")

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func run() throws {
        try options.run(saying: "usherd opens its log files again") { try $0.reopen() }
    }
}
