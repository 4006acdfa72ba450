// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct Usherctl: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "usherctl")
}
