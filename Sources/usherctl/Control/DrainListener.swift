// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import LinuxSystem

/// `usherctl drain LISTENER`: stops accepting, and waits for the connections.
struct DrainListener: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Stop accepting connections of a listener, and wait until it has none.",
        discussion: """
            The listener is paused as by `usherctl pause`, and stays so. With --timeout, the connections that are left \
            after that time are closed. usherd carries it out even if this command ends before. `usherctl resume` ends it.
            """)

    @Option(
        help: ArgumentHelp("Close the connections that are left after this time.", valueName: "duration"),
        transform: ClientOptions.duration)
    var timeout: Duration?

    @Option(
        help: ArgumentHelp("Close them one after the other, spread over this time.", valueName: "duration"),
        transform: ClientOptions.duration)
    var over: Duration?

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    @Argument(help: "The name of the listener.", completion: .live(.listener))
    var listener: String

    func validate() throws {
        if over != nil, timeout == nil { throw ValidationError("--over needs --timeout; --timeout 0s closes at once") }
    }

    func run() throws {
        let parameters = ControlParameters.Drain(
            listener: listener, timeoutMicroseconds: timeout?.wholeMicroseconds,
            overMicroseconds: over?.wholeMicroseconds)
        try ControlOptions.report {
            let connection = try ControlConnection(to: options.place())
            try connection.watchSignals()
            let result: ControlResults.Drain
            do throws(ControlFailure) {
                result = try connection.drain(parameters)
            } catch {
                guard let signal = connection.signal else { throw error }
                return endBySignal(signal)
            }
            if options.json {
                options.printJSON(result)
            } else if let text = DrainText.success(result, of: parameters) {
                print(text)
            }
            if let failure = DrainText.failure(result, of: parameters) { throw failure }
        }
    }

    private func endBySignal(_ signal: CInt) {
        var standardError = StandardError()
        print("usherctl: \(DrainText.interrupted(listener, hasTimeout: timeout != nil))", to: &standardError)
        _ = fflush(nil)
        SignalDescriptor.endProcess(by: signal)
    }
}
