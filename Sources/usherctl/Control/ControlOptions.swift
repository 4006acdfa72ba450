// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ControlClient
import ControlProtocol
import Glibc
import LinuxSystem

/// The options of every command over the control socket.
struct ControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The control socket. The default is where usherd makes it.", valueName: "path"),
        completion: .file())
    var control: String?

    @Option(help: ArgumentHelp("The instance usherd@NAME.", valueName: "name"))
    var instance: String?

    @Flag(help: "Print JSON: what usherd replied.")
    var json = false

    /// Where the socket may be.
    func place() throws(ControlFailure) -> ControlPlace {
        try ControlPlace.ofThisProcess(path: control, instance: instance)
    }

    /// Runs a command. A failure is printed to standard error, and sets the exit status.
    func run(_ body: (ControlConnection) throws -> Void) throws {
        try Self.report { try body(ControlConnection(to: place())) }
    }

    /// Runs a command that changes something, and says so.
    func run(saying sentence: String, _ body: (ControlConnection) throws -> Void) throws {
        try run { connection in
            try body(connection)
            if json { printJSON(VarlinkReply.Empty()) } else { print(sentence) }
        }
    }

    /// Prints a ``ControlFailure`` and sets the exit status.
    static func report(_ body: () throws -> Void) throws {
        // If a standard descriptor is closed, the socket would get its number.
        StandardDescriptors.fill()
        do {
            try body()
            try flushOutput()
        } catch let failure as ControlFailure {
            // stdout is buffered, and the message must follow it if both have the same destination.
            _ = fflush(nil)
            var standardError = StandardError()
            print("usherctl: \(failure.message)", to: &standardError)
            throw ExitCode(failure.reason.rawValue)
        }
    }

    /// Writes what is buffered. A script must not take a list for complete that a full disk has cut.
    static func flushOutput() throws(ControlFailure) {
        do throws(SystemError) {
            try StandardOutput.flush()
        } catch {
            throw ControlFailure(.output, "cannot write the output: \(error.reason)")
        }
    }

    /// Prints a value as one JSON object in a line.
    func printJSON(_ value: some Encodable) {
        var bytes: [UInt8] = []
        JSONText.append(value, to: &bytes)
        printJSON(text: bytes)
    }

    /// Prints a JSON text in a line.
    func printJSON(text bytes: [UInt8]) {
        print(TerminalJSON.safe(bytes))
    }
}

extension CompletionKind {
    /// Names that the daemon has now.
    static func live(_ kind: LiveNames.Kind) -> CompletionKind {
        .custom { words, _, _ in
            let names = LiveNames.find(kind, for: words)
            // _describe of zsh takes what follows a colon for a description.
            return CompletionShell.requesting == .zsh ? names.map { $0.replacing(":", with: "\\:") } : names
        }
    }
}
