// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import LinuxSystem
import SocketClient

/// The program usherctl: checks a configuration, shows and steers a running daemon, and talks to sockets.
@main
struct Usherctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usherctl",
        abstract: "Check configurations of usherd, show and steer a running one, and talk to sockets.",
        discussion: "See usherctl(1), usherd(8) and usherd.toml(5).",
        version: "usherctl \(Version.text)",
        subcommands: [
            Check.self, Status.self, Connections.self, TopCommand.self, Show.self, Config.self, Explain.self,
            Events.self, History.self, Close.self, PauseListener.self, ResumeListener.self, DrainListener.self,
            SteerUpstream.self, Reload.self, Reopen.self, LogLevel.self, Connect.self, Send.self, Receive.self,
        ])

    /// The names of the commands.
    private static let commands: Set = [
        "check", "status", "connections", "top", "show", "config", "explain", "events", "history", "close", "pause",
        "resume", "drain", "upstream", "reload", "reopen", "log-level", "connect", "send", "receive",
    ]

    /// The options that take a value.
    private static let valued: Set = [
        "--timeout", "--source", "--count", "--user", "--control", "--instance", "--interval", "--listener", "--peer",
        "--service", "--upstream", "--older", "--idle", "--sort", "--limit", "--over", "--event", "--level", "--reason",
    ]

    /// Options may be anywhere, even before their command.
    static func main() {
        main(
            WordOrder.commandFirst(
                ProgramArguments.words, commands: commands, valued: valued,
                own: ["-h", "--help", "--version", "--generate-completion-script", "---completion"]))
    }
}
