// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A server that others wrote, running in the foreground as a child.
final class ServerProgram {
    private let process: ChildProcess
    private let output: String

    /// The server ended before it served.
    struct NotStarted: Error, CustomStringConvertible {
        let program: String
        let end: ChildProcess.End
        let said: String
        var description: String { "\(program) \(end) before it served, and said:\n\(said)" }
    }

    /// Starts a program and waits until it serves.
    ///
    /// - Parameters:
    ///   - directory: where what it says is kept.
    ///   - isReady: whether it serves, by what it has said so far.
    init(
        _ program: String, _ arguments: [String], in directory: TemporaryDirectory,
        environment: [String: String] = ChildProcess.plainEnvironment, isReady: (String) -> Bool
    ) throws {
        let name = "\((program as NSString).lastPathComponent)-\(UUID().uuidString)"
        output = directory.appending(name)
        let file = try OpenFile(output, O_WRONLY | O_CREAT | O_APPEND)
        process = try ChildProcess(
            program, arguments, environment: environment, descriptors: [1: file.raw, 2: file.raw])
        try waitUntil("\(program) serves; it said:\n\(said)") {
            if isReady(said) { return true }
            if let end = process.ended { throw NotStarted(program: program, end: end, said: said) }
            return false
        }
    }

    /// Starts a program and waits until one can connect to it.
    convenience init(
        _ program: String, _ arguments: [String], in directory: TemporaryDirectory,
        environment: [String: String] = ChildProcess.plainEnvironment, at address: ServerAddress
    ) throws {
        try self.init(program, arguments, in: directory, environment: environment) { _ in
            (try? Client(address)) != nil
        }
    }

    /// Starts a script of Python's, which prints something once it serves.
    static func python(
        _ script: String, _ arguments: [String] = [], in directory: TemporaryDirectory
    ) throws -> ServerProgram {
        let system = "/usr/bin/python3"
        let program = FileManager.default.isExecutableFile(atPath: system) ? system : "python3"
        return try ServerProgram(program, ["-u", "-c", script] + arguments, in: directory) { $0.contains("\n") }
    }

    /// What it has written on both outputs so far.
    var said: String {
        String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
    }

    /// Ends it as its operator would.
    func stop(_ signal: CInt = SIGTERM) throws {
        process.send(signal: signal)
        _ = try process.waitForEnd()
    }

    /// Waits for its end.
    func waitForEnd() throws -> ChildProcess.End { try process.waitForEnd() }
}
