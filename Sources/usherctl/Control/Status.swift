// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol
import LinuxSystem

/// `usherctl status [LISTENER]`: shows the daemon and its listeners.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the running usherd and its listeners.",
        discussion: "With --interval, connections and bytes are counted for that time and shown as rates per second.")

    @Option(
        help: ArgumentHelp("Count for so long, and show rates: 1s, 1m.", valueName: "duration"),
        transform: ClientOptions.duration)
    var interval: Duration?

    @Flag(name: [.customShort("v"), .long], help: "Show lanes and durations too.")
    var verbose = false

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "The only listener to show.", completion: .live(.listener))
    var listener: String?

    func validate() throws {
        if let interval, interval < .milliseconds(100) { throw ValidationError("--interval is at least 100ms") }
    }

    func run() throws {
        try options.run { connection in
            var status = try connection.status(of: listener)
            var change: StatusChange?
            if let interval {
                let earlier = status
                let start = Clock.monotonic
                try Pause.wait(for: interval)
                status = try connection.status(of: listener)
                let duration = Clock.span(from: start, to: Clock.monotonic) / 1000
                change = StatusChange(from: earlier, to: status, durationMicroseconds: duration)
            }
            if options.json {
                if let change {
                    options.printJSON(StatusWithChange(status, change))
                } else {
                    options.printJSON(status)
                }
                return
            }
            let text = StatusText(
                status, change: change, now: Clock.realtime / 1000, isVerbose: verbose, .ofStandardOutput)
            print(text.text, terminator: "")
        }
    }
}
