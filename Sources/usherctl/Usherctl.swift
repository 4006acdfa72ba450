// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import LinuxSystem
import SocketClient

/// The program usherctl: checks a configuration, and talks to sockets.
@main
struct Usherctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usherctl",
        abstract: "Check configurations of usherd, and talk to sockets of every family.",
        discussion: "See usherctl(1), usherd(8) and usherd.toml(5).",
        version: "usherctl \(Version.text)",
        subcommands: [Check.self, Connect.self, Send.self, Receive.self])

    /// Options may be anywhere, even before their command.
    static func main() {
        main(
            WordOrder.commandFirst(
                ProgramArguments.words, commands: ["check", "connect", "send", "receive"],
                valued: ["--timeout", "--source", "--count", "--user"],
                own: ["-h", "--help", "--version", "--generate-completion-script"]))
    }
}
