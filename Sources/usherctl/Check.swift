// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import LinuxSystem

/// `usherctl check [FILE]`: the same as `usherd --check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at a configuration and bind nothing.",
        discussion: """
            Prints every mistake with its place and how to mend it, or a line for each listener and notes on what may \
            not be as it is meant. Exit status: 0, or 78 if there are mistakes.
            """)

    @Argument(help: "The configuration, with conf.d/*.toml beside it.", completion: .file(extensions: ["toml"]))
    var file = Configuration.defaultPath

    func run() throws {
        let (configuration, problems) = Configuration.load(path: file, host: SystemHostLookup())
        guard let configuration else {
            var standardError = StandardError()
            print("usherctl: \(ConfigurationProblem.report(problems))", to: &standardError)
            throw ExitCode(ExitStatus.configuration)
        }
        print(configuration.summary, terminator: "")
        if !configuration.notes.isEmpty {
            var standardError = StandardError()
            print("usherctl: \(ConfigurationProblem.report(notes: configuration.notes))", to: &standardError)
        }
    }
}
