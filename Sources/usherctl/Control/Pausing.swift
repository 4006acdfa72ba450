// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import ControlClient

/// `usherctl pause LISTENER`: stops accepting.
struct PauseListener: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop accepting connections of a listener.",
        discussion: """
            The sockets stay, and clients wait in their backlogs. Open connections are not affected. \
            `usherctl resume` and a restart of usherd end it; a reload does not.
            """)

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "The name of the listener.", completion: .live(.listener))
    var listener: String

    func run() throws {
        try options.run(saying: "\(TerminalText.safe(listener)) is paused") { try $0.pause(listener) }
    }
}

/// `usherctl resume LISTENER`: accepts again.
struct ResumeListener: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Accept connections of a paused listener again.")

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "The name of the listener.", completion: .live(.listener))
    var listener: String

    func run() throws {
        try options.run(saying: "\(TerminalText.safe(listener)) accepts connections") { try $0.resume(listener) }
    }
}
