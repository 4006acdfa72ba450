// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import Glibc
import HostAccess
import LinuxSystem
import Services

/// `usherctl check [FILE]`: the same as `usherd --check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration and the host.",
        discussion: """
            Prints every mistake with its place and how to correct it, or a line for each listener and notes on what may \
            keep it from working. Exit status: 0, 78 if there are mistakes, or with --strict 69 if there are notes.
            """)

    @Option(
        help: ArgumentHelp("Check the permissions of this user; for root the default is usherd.", valueName: "name"))
    var user: String?

    @Flag(help: "Exit with 69 if there is a note.")
    var strict = false

    @Flag(help: "Check the configuration only, as for CI.")
    var noHost = false

    @Argument(help: "The configuration, with conf.d/*.toml beside it.", completion: .file(extensions: ["toml"]))
    var file = Configuration.defaultPath

    func run() throws {
        var request = CheckRequest(services: ServiceDescriptor.schemas)
        request.path = file
        request.user = user
        request.isStrict = strict
        request.checksHost = !noHost
        var standardError = StandardError()
        do {
            let outcome = try request.run()
            print(outcome.output, terminator: "")
            // stdout is buffered, and the messages on stderr must follow it if both have the same destination.
            _ = fflush(nil)
            for message in outcome.messages { standardError.write("usherctl: \(message)\n") }
            if outcome.status != 0 { throw ExitCode(outcome.status) }
        } catch let refusal as CheckRequest.Refusal {
            print("usherctl: \(refusal.message)", to: &standardError)
            throw ExitCode(ExitStatus.usage)
        }
    }
}
