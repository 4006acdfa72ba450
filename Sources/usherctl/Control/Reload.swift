// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol
import HostAccess
import Services

/// `usherctl reload`: has the configuration read again, and waits for the outcome.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the running usherd read its configuration again.",
        discussion: """
            Waits until the new configuration is in force, or fails with the reason. If there is no control socket, but \
            MAINPID is set, as for ExecReload= of a unit, the configuration is checked and the process gets SIGHUP.
            """)

    @Flag(help: "Only show what would change, and whether it would fail.")
    var dryRun = false

    @OptionGroup(title: "Control Socket") var options: ControlOptions

    func run() throws {
        if dryRun { return try plan() }
        try ControlOptions.report {
            if let process = MainProcess.ofEnvironment { return try reload(process) }
            try reload(ControlConnection(to: options.place()))
        }
    }

    private func plan() throws {
        try options.run { connection in
            let plan = try connection.planReload()
            if options.json {
                options.printJSON(plan)
            } else {
                print(ReloadPlanText(plan, .ofStandardOutput).text, terminator: "")
            }
        }
    }

    private func reload(_ connection: ControlConnection) throws {
        try connection.reload()
        if options.json { options.printJSON(VarlinkReply.Empty()) } else { print("reloaded the configuration") }
    }

    /// Reloads the main process of the unit, through its control socket if it has one.
    private func reload(_ process: MainProcess) throws {
        let connection: ControlConnection
        do throws(ControlFailure) {
            connection = try ControlConnection(to: options.place())
        } catch {
            guard error.reason == .unreachable else { throw error }
            return try hangUp(process)
        }
        // Another daemon may have the socket, if this one could not have it.
        if let daemon = connection.daemon, daemon != UInt32(process.pid) { return try hangUp(process) }
        try reload(connection)
    }

    private func hangUp(_ process: MainProcess) throws {
        var request = CheckRequest(services: ServiceDescriptor.schemas)
        request.path = process.configurationPath
        request.checksHost = false
        let outcome: CheckRequest.Outcome
        do throws(CheckRequest.Refusal) {
            outcome = try request.run()
        } catch {
            throw ControlFailure(.usage, error.message)
        }
        var standardError = StandardError()
        for message in outcome.messages { standardError.write("usherctl: \(message)\n") }
        if outcome.status != 0 { throw ExitCode(outcome.status) }
        try process.hangUp()
        print(
            "usherctl: no control socket; sent SIGHUP to process \(process.pid): the outcome is in its log",
            to: &standardError)
        if options.json { options.printJSON(VarlinkReply.Empty()) }
    }
}
