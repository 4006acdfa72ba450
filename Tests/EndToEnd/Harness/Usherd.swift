// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A running usherd with a directory of its own, in which lie its configuration, its notify socket and what it says.
///
/// It logs JSON to standard error unless the configuration has a `[log]`. Wherever `$DIR` stands in a configuration, the
/// directory is meant. The process does not outlive this object.
final class Usherd {
    /// The directory.
    let directory: TemporaryDirectory

    /// What systemd would be told.
    let manager: DatagramSocket

    private let process: ChildProcess
    private let standardError: LogReader

    /// What can differ from one start to another.
    struct Options {
        /// Further variables of the environment.
        var environment: [String: String] = [:]
        /// What comes before the program on the command line: a program that starts another.
        var wrapper: [String] = []
        /// Further descriptors, by the child's number.
        var descriptors: [CInt: CInt] = [:]
        /// A directory that is prepared already.
        var directory: TemporaryDirectory?
    }

    /// usherd ended before it was ready.
    struct NotStarted: Error, CustomStringConvertible {
        let end: ChildProcess.End
        let said: String
        var description: String { "usherd \(end) before it was ready, and said:\n\(said)" }
    }

    /// Starts it and waits until it says `READY=1`.
    convenience init(_ configuration: String, _ options: Options = Options()) throws {
        try self.init(starting: configuration, options)
        try waitUntil("usherd is ready") {
            if let end = process.ended { throw NotStarted(end: end, said: said) }
            return manager.messages.contains { $0.hasPrefix("READY=1\n") }
        }
    }

    /// Starts it and does not wait.
    init(starting configuration: String, _ options: Options = Options()) throws {
        let directory = try options.directory ?? TemporaryDirectory()
        self.directory = directory
        manager = try DatagramSocket(directory.appending("notify"))
        try directory.write(Self.complete(configuration, directory), to: "usherd.toml")
        let path = directory.appending("stderr")
        let output = try OpenFile(path, O_WRONLY | O_CREAT | O_APPEND)
        standardError = LogReader(path)
        var environment = ChildProcess.plainEnvironment
        environment["NOTIFY_SOCKET"] = manager.path
        environment["RUNTIME_DIRECTORY"] = directory.path
        try directory.write("", to: Self.verification)
        environment["USHERD_TEST_VERIFY"] = directory.appending(Self.verification)
        environment.merge(options.environment) { $1 }
        let command = options.wrapper + [try BuiltProgram.usherd(), "--config", directory.appending("usherd.toml")]
        process = try ChildProcess(
            command[0], Array(command[1...]), environment: environment,
            descriptors: [1: output.raw, 2: output.raw].merging(options.descriptors) { $1 })
    }

    private static func complete(_ configuration: String, _ directory: TemporaryDirectory) -> String {
        let log = configuration.contains("[log]") ? "" : "[log]\nto = \"stderr\"\nformat = \"json\"\n"
        return log + configuration.replacingOccurrences(of: "$DIR", with: directory.path)
    }

    /// The process.
    var identifier: pid_t { process.identifier }

    /// How it ended; nil while it runs.
    var ended: ChildProcess.End? { process.ended }

    // MARK: - What it says

    /// All that it wrote on standard error so far.
    var said: String {
        standardError.update()
        return standardError.lines.joined(separator: "\n")
    }

    /// The lines on standard error so far.
    var lines: [String] {
        standardError.update()
        return standardError.lines
    }

    /// The records on standard error so far.
    var records: [LogRecord] {
        standardError.update()
        return standardError.records
    }

    /// The records of an event so far.
    func records(_ event: String) -> [LogRecord] { records.filter { $0.event == event } }

    /// Waits for a record.
    func record(_ event: String, where condition: (LogRecord) -> Bool = { _ in true }) throws -> LogRecord {
        try waitFor("a record `\(event)` that is looked for among:\n\(said)") {
            records.first { $0.event == event && condition($0) }
        }
    }

    /// Waits until there are so many records of an event, and returns them.
    @discardableResult func records(_ event: String, count: Int) throws -> [LogRecord] {
        try waitUntil("there are \(count) records `\(event)` among:\n\(said)") { records(event).count >= count }
        return records(event)
    }

    /// Waits for the close record of a client.
    func close(of client: String) throws -> LogRecord { try record("close") { $0["peer"] == client } }

    /// Where a listener listens: waits for its `listening` records.
    func address(_ listener: String, _ index: Int = 0) throws -> ServerAddress {
        let text: String = try waitFor("an address of \(listener)") {
            let records = records("listening").filter { $0["listener"] == listener }
            return records.indices.contains(index) ? records[index]["local"] : nil
        }
        return try #require(ServerAddress(text))
    }

    /// The last STATUS= so far.
    var status: String? {
        let lines = manager.messages.flatMap { $0.split(separator: "\n") }
        return lines.last { $0.hasPrefix("STATUS=") }.map { String($0.dropFirst("STATUS=".count)) }
    }

    // MARK: - What it is told

    /// Sends a signal.
    func send(signal: CInt) { process.send(signal: signal) }

    /// Writes a configuration in place of the one that is there.
    func write(_ configuration: String) throws {
        try directory.write(Self.complete(configuration, directory), to: "usherd.toml")
    }

    /// Reloads, and waits until it is ready again.
    ///
    /// - Returns: the last message to systemd.
    @discardableResult func reload(_ configuration: String) throws -> String {
        try write(configuration)
        return try reload()
    }

    /// Reloads what is in the files, and waits until it is ready again.
    @discardableResult func reload() throws -> String {
        let before = manager.messages.count
        send(signal: SIGHUP)
        return try waitFor("an answer to SIGHUP") {
            let new = manager.messages.dropFirst(before)
            guard let reloading = new.firstIndex(where: { $0.hasPrefix("RELOADING=1\n") }) else { return nil }
            return new[reloading...].first { $0.hasPrefix("READY=1\n") }
        }
    }

    /// Stops it and waits for its end.
    @discardableResult func stop(_ signal: CInt = SIGTERM) throws -> ChildProcess.End {
        send(signal: signal)
        return try process.waitForEnd()
    }

    /// Waits for its end.
    func waitForEnd() throws -> ChildProcess.End { try process.waitForEnd() }

    // MARK: - Invariants

    /// The file in which a debug build says what it found wrong with itself.
    private static let verification = "verification"

    /// Has a debug build verify itself, and records an issue for each invariant that is broken. What is on its way when
    /// the daemon looks is waited for.
    ///
    /// A release build does not block the signal, and would be ended by it: it is left alone.
    func verify(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var problems: [String] = []
        var count = 0
        try? waitUntil("the invariants hold") {
            guard count < 10, process.ended == nil, blocks(SIGPWR) else { return true }
            count += 1
            problems = try findProblems()
            return problems.isEmpty
        }
        for problem in problems { Issue.record("invariant: \(problem)", sourceLocation: sourceLocation) }
    }

    /// What the daemon finds wrong with itself.
    private func findProblems() throws -> [String] {
        try directory.write("", to: Self.verification)
        send(signal: SIGPWR)
        var lines: [String] = []
        try waitUntil("usherd has verified itself") {
            lines = directory.read(Self.verification).split(separator: "\n").map(String.init)
            return lines.last == "end" || process.ended != nil
        }
        return lines.filter { $0 != "end" }
    }

    /// Whether the process blocks a signal, to read it from a descriptor.
    private func blocks(_ signal: CInt) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
        let mask = line.flatMap {
            UInt64($0.dropFirst("SigBlk:".count).trimmingCharacters(in: .whitespaces), radix: 16)
        }
        return mask.map { $0 >> UInt64(signal - 1) & 1 == 1 } ?? false
    }

    // MARK: - What it uses

    /// How many descriptors it has open.
    var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd").count) ?? 0
    }

    /// How many threads it has.
    var threads: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/task").count) ?? 0
    }

    /// Its resident memory in KiB.
    var residentMemory: Int {
        let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}
