// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a program left behind.
public struct CommandResult: Sendable {
    /// How it ended.
    public let end: ChildProcess.End

    /// What it wrote on standard output.
    public let output: [UInt8]

    /// What it wrote on standard error.
    public let errors: String

    /// What it wrote on standard output, as text.
    public var text: String { String(decoding: output, as: UTF8.self) }

    /// Whether it ended with status 0.
    public var succeeded: Bool { end == .exited(0) }
}

/// Runs a program to its end.
///
/// Its three standard descriptors are files, so nothing can wait for a pipe that nobody reads.
///
/// - Parameter input: what it reads on standard input.
public func run(
    _ program: String, _ arguments: [String], input: [UInt8] = [],
    environment: [String: String] = ChildProcess.plainEnvironment
) throws -> CommandResult {
    let directory = try TemporaryDirectory()
    let standardInput = try OpenFile(directory.appending("in"), O_RDWR | O_CREAT)
    try standardInput.write(input)
    lseek(standardInput.raw, 0, SEEK_SET)
    let output = try OpenFile(directory.appending("out"), O_RDWR | O_CREAT | O_APPEND)
    let errors = try OpenFile(directory.appending("err"), O_RDWR | O_CREAT | O_APPEND)
    let process = try ChildProcess(
        program, arguments, environment: environment,
        descriptors: [0: standardInput.raw, 1: output.raw, 2: errors.raw])
    let end = try process.waitForEnd()
    let written = FileManager.default.contents(atPath: directory.appending("out")) ?? Data()
    return CommandResult(end: end, output: Array(written), errors: directory.read("err"))
}

/// Runs a script of Python's. `python3` of the system comes first: that of a version manager is slow to start.
public func python(_ script: String, _ arguments: [String] = []) throws -> CommandResult {
    let system = "/usr/bin/python3"
    let program = FileManager.default.isExecutableFile(atPath: system) ? system : "python3"
    return try run(program, ["-c", script] + arguments)
}
