// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import ControlClient
import ControlProtocol
import Glibc
import LinuxSystem
import Records

/// `usherctl events`: shows the records of the daemon as they are made.
struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the records of the running usherd as they are made.",
        discussion: """
            Shows every record from now on, also those that the configuration does not log, until Ctrl-C or until usherd \
            ends. With --json each is one line, as in a log in JSON.
            """)

    @Option(
        help: ArgumentHelp("Only those of this listener.", valueName: "name"), completion: .live(.listener))
    var listener: String?

    @Option(
        help: ArgumentHelp("Only those of this event, such as close. May be given several times.", valueName: "event"),
        completion: .list(Events.names))
    var event: [String] = []

    @Option(help: ArgumentHelp("Only those of this level and above.", valueName: "level"))
    var level: LevelName?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    private static let names = EventKind.allCases.map { "\($0.name)" }.sorted()

    func validate() throws {
        for name in event where !Self.names.contains(name) {
            throw ValidationError(
                "no event is named \(TerminalText.safe(name)); there are \(Self.names.joined(separator: ", "))")
        }
    }

    func run() throws {
        try options.run { connection in
            // A listener that does not exist would have no records for ever.
            if let listener { _ = try connection.status(of: listener) }
            let parameters = ControlParameters.Events(
                listener: listener, events: event.isEmpty ? nil : event, level: level,
                text: options.json ? nil : true)
            try connection.events(parameters, output: STDOUT_FILENO) { (lines, missed) throws(ControlFailure) in
                for line in lines {
                    if options.json {
                        options.printJSON(text: Array(line.utf8))
                    } else {
                        print(TerminalText.safe(line))
                    }
                }
                // stdout is buffered, and a person or a program waits for each line.
                try ControlOptions.flushOutput()
                guard missed > 0 else { return }
                var standardError = StandardError()
                print(
                    "usherctl: missed \(Amount.text(missed, "record")), which came faster than they were read",
                    to: &standardError)
            }
        }
    }
}

extension LevelName: ExpressibleByArgument {}
