// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// usherctl as a child that runs beside the test, with its three standard descriptors in the test's hands.
final class Usherctl {
    private let process: ChildProcess
    private let directory: TemporaryDirectory
    private var input: OpenFile?

    /// Starts it.
    ///
    /// - Parameter input: what it reads to the end; nil for a pipe that stays open until ``endInput()``.
    init(_ arguments: [String], input text: String? = nil) throws {
        directory = try TemporaryDirectory()
        let output = try OpenFile(directory.appending("out"), O_RDWR | O_CREAT | O_APPEND)
        let errors = try OpenFile(directory.appending("err"), O_RDWR | O_CREAT | O_APPEND)
        // A pipe with a name, since every descriptor here has to be closed in other children from its first moment.
        guard mkfifo(directory.appending("in"), 0o600) == 0 else { throw POSIXFailure("mkfifo") }
        let reader = try OpenFile(directory.appending("in"), O_RDONLY | O_NONBLOCK)
        input = try OpenFile(directory.appending("in"), O_WRONLY)
        guard fcntl(reader.raw, F_SETFL, 0) == 0 else { throw POSIXFailure("fcntl") }
        process = try ChildProcess(
            BuiltProgram.path(of: "usherctl"), arguments, descriptors: [0: reader.raw, 1: output.raw, 2: errors.raw])
        if let text {
            try type(text)
            endInput()
        }
    }

    /// Runs it to its end.
    static func run(_ arguments: [String], input: String = "") throws -> CommandResult {
        try TestSupport.run(BuiltProgram.path(of: "usherctl"), arguments, input: Array(input.utf8))
    }

    /// Writes to its standard input.
    func type(_ text: String) throws {
        try input?.write(Array(text.utf8))
    }

    /// Ends its standard input.
    func endInput() {
        input = nil
    }

    /// What it has printed so far.
    var output: String { directory.read("out") }

    /// What it has said on standard error so far.
    var said: String { directory.read("err") }

    /// Where it listens, in the grammar of addresses, as soon as it does.
    func address() throws -> String {
        let line = try waitFor("a word of where it listens; it said: \(said)") {
            said.split(separator: "\n").first { $0.contains("listening on ") }
        }
        return String(line.replacing("usherctl: listening on ", with: ""))
    }

    /// Its port.
    func port() throws -> String { String(try address().split(separator: ":").last ?? "") }

    /// Waits until it has printed something.
    func waitForOutput(_ text: String) throws {
        try waitUntil("it prints \(text); it printed \(output) and said \(said)") { output.contains(text) }
    }

    /// Sends it a signal.
    func send(signal: CInt) { process.send(signal: signal) }

    /// Waits for its end.
    func waitForEnd() throws -> ChildProcess.End { try process.waitForEnd() }
}
