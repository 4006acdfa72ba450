// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration

/// The program usherctl: looks at a configuration, and talks to sockets.
@main
struct Usherctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usherctl",
        abstract: "Check configurations of usherd, and talk to sockets of every family.",
        discussion: "See usherctl(1), usherd(8) and usherd.toml(5).",
        version: "usherctl \(Version.text)",
        subcommands: [Check.self, Connect.self, Send.self, Receive.self])
}
