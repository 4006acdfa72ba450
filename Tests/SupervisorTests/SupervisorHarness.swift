// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import HostAccess
import LinuxSystem
import Records
import Services
import Synchronization
import TestSupport
import Testing

@testable import Supervisor

/// A supervisor with real lanes in this process, with its configuration and its log in a directory of the test's own.
///
/// Nothing is asked of it by signals, which belong to the whole process: what they would call is called on its queue.
final class SupervisorHarness: @unchecked Sendable {
    let directory: TemporaryDirectory
    let manager: FakeManager
    let queue = DispatchQueue(label: "supervisor")

    private let gate = ExitGate()
    private let ending = Ending()

    /// Belongs to the queue.
    private var supervisor: Supervisor?

    /// How a reload reads the configuration.
    struct Reading: Sendable {
        var read: @Sendable (String) -> ConfigurationLoader.Outcome = {
            Configuration.load(path: $0, services: ServiceDescriptor.schemas, host: SystemHostLookup())
        }
    }

    /// The lines that every configuration begins with.
    private let head: String

    /// Starts a supervisor, or tries to.
    ///
    /// - Parameters:
    ///   - listeners: the configuration without `[log]` and `lanes`. `DIR` becomes the directory's path.
    ///   - daemon: lines for `[daemon]`.
    ///   - reading: how a reload reads the configuration.
    init(
        _ listeners: String, daemon: String = "", lanes: Int = 2, watchdogMicroseconds: UInt64? = nil,
        passed: [(name: String, raw: CInt)] = [], descriptorLimit: Int = 1_000_000,
        reading: Reading = Reading(),
        prepare: (TemporaryDirectory) throws -> Void = { _ in }
    ) throws {
        directory = try TemporaryDirectory()
        try prepare(directory)
        manager = FakeManager(watchdogMicroseconds: watchdogMicroseconds)
        head = "[log]\nto = \"file:DIR/log\"\nformat = \"json\"\nlevel = \"debug\"\n"
        let path = try write(listeners, daemon: daemon, lanes: "\(lanes)")
        let (configuration, problems) = Configuration.load(
            path: path, services: ServiceDescriptor.schemas, host: NamelessHost())
        guard let configuration else { throw InvalidSample(problems: problems.map(\.description)) }
        let start = Supervisor.Start(
            loader: try ConfigurationLoader(path: path, read: reading.read), configuration: configuration,
            writer: try RecordWriter(configuration.log.recordSettings),
            manager: manager, passed: passed, signals: try SignalDescriptor(blocking: []), gate: gate,
            descriptorLimit: descriptorLimit)
        let result: Result<Void, any Error> = queue.sync {
            Result {
                let supervisor = try Supervisor(start, on: queue)
                self.supervisor = supervisor
                supervisor.begin(start)
            }
        }
        try result.get()
        let waiter = Thread { [gate, ending] in
            ending.status = gate.wait()
            ending.hasCome.signal()
        }
        waiter.start()
    }

    /// Whether all records are in the one log of the directory.
    private var hasOneLog = true

    /// Writes the configuration file.
    @discardableResult
    func write(_ listeners: String, daemon: String = "", lanes: String = "2", log: String? = nil) throws -> String {
        if log != nil { hasOneLog = false }
        let control = daemon.contains("control =") ? "" : "control = \"DIR/control\"\n"
        let text = "[daemon]\nlanes = \(lanes)\n\(control)\(daemon)\n\(log ?? head)\n\(listeners)"
        return try directory.write(text.replacing("DIR", with: directory.path), to: "usherd.toml")
    }

    // MARK: - What signals ask for

    /// Does something on the supervisor's queue.
    @discardableResult
    func onQueue<Value>(_ body: (Supervisor) throws -> Value) throws -> Value {
        try queue.sync {
            guard let supervisor else { throw POSIXFailure("the supervisor is gone", ESRCH) }
            return try body(supervisor)
        }
    }

    /// Reloads what was written, and returns when that is done.
    func reload() throws {
        try onQueue { $0.received(signal: SIGHUP) }
        try waitUntil("the reload is done") { try onQueue { !$0.isLoading } }
    }

    /// Writes a configuration and reloads it.
    func reload(_ listeners: String, daemon: String = "", lanes: String = "2", log: String? = nil) throws {
        try write(listeners, daemon: daemon, lanes: lanes, log: log)
        try reload()
    }

    /// Asks it to stop.
    func stop() throws { try onQueue { $0.received(signal: SIGTERM) } }

    /// The status that the daemon exits with, once it has ended.
    func exitStatus() throws -> CInt {
        guard ending.hasCome.wait(timeout: .now() + .seconds(Int(patience.components.seconds))) == .success else {
            throw TimedOut("the daemon has ended")
        }
        ending.hasCome.signal()
        return ending.status
    }

    /// Stops without waiting for connections, so that nothing of this test goes on during the next, and records an issue
    /// for each invariant that is broken.
    func end() {
        guard queue.sync(execute: { supervisor != nil }) else { return }
        verify()
        let shared = try? onQueue { supervisor in
            supervisor.stop()
            supervisor.stop()
            return supervisor.shared
        }
        guard (try? exitStatus()) != nil else { return }
        queue.sync { supervisor = nil }
        if let left = shared?.connections.value, left != 0 {
            Issue.record("\(left) connections are counted after the end")
        }
        if hasOneLog { verifyRecords() }
    }

    deinit { end() }

    /// Lets go of the supervisor, and returns once it is gone with all that it had.
    func release() throws {
        weak let last = queue.sync {
            defer { supervisor = nil }
            return supervisor
        }
        try waitUntil("the supervisor is gone") { queue.sync { last == nil } }
    }

    // MARK: - Invariants

    /// Records an issue for each connection that has not one `open` and one `close` record.
    private func verifyRecords() {
        let records = records()
        guard !records.contains(where: { $0.event == "dropped" }) else { return }
        func connections(_ event: String) -> [Int] {
            records.filter { $0.event == event }.compactMap { $0.number("connection") }.sorted()
        }
        let (opened, closed) = (connections("open"), connections("close"))
        if opened != closed { Issue.record("connections \(opened) have open records, \(closed) close records") }
    }

    /// Records an issue for each invariant that does not hold. What is on its way between two threads is waited for.
    private func verify() {
        var problems: [String] = []
        try? waitUntil("the invariants hold") {
            problems = queue.sync { supervisor?.verify() ?? [] }
            return problems.isEmpty
        }
        if !problems.isEmpty {
            Issue.record("invariants of the supervisor are broken: \(problems.joined(separator: "; "))")
        }
    }

    // MARK: - What can be seen from outside

    /// The records so far.
    func records() -> [CapturedRecord] {
        directory.read("log").split(separator: "\n").compactMap { CapturedRecord(json: $0) }
    }

    /// The records of an event, once there are so many.
    @discardableResult
    func records(_ event: String, atLeast count: Int = 1) throws -> [CapturedRecord] {
        try waitFor("\(count) records `\(event)`") {
            let found = records().filter { $0.event == event }
            return found.count >= count ? found : nil
        }
    }

    /// Where a listener listens now, in the order of its addresses.
    func addresses(_ listener: String) throws -> [ServerAddress] {
        try onQueue { supervisor in
            try (supervisor.listeners[listener]?.sockets ?? []).map { open in
                let text = "\(open.socket.kind.scheme)://\(open.socket.address)"
                guard let address = ServerAddress(text) else {
                    throw POSIXFailure("no client for \(text)", EAFNOSUPPORT)
                }
                return address
            }
        }
    }

    /// The first of them.
    func address(_ listener: String) throws -> ServerAddress {
        guard let first = try addresses(listener).first else { throw POSIXFailure("no address of \(listener)", ENOENT) }
        return first
    }

    /// How many connections the daemon has.
    var connections: Int { (try? onQueue { $0.shared.connections.value }) ?? -1 }
}

/// How the daemon ended: written before the semaphore is signalled, and read afterwards.
private final class Ending: @unchecked Sendable {
    let hasCome = DispatchSemaphore(value: 0)
    var status: CInt = -1
}

/// A service manager that remembers what it was told.
final class FakeManager: Notifier {
    /// A message, and when it came.
    struct Message: Sendable {
        var text: String
        var time: UInt64

        /// The value of an assignment.
        subscript(name: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
        }
    }

    let watchdogMicroseconds: UInt64?
    private let all = Mutex<[Message]>([])

    init(watchdogMicroseconds: UInt64? = nil) {
        self.watchdogMicroseconds = watchdogMicroseconds
    }

    func notify(_ state: String) { all.withLock { $0.append(Message(text: state, time: Clock.monotonic)) } }

    /// Everything so far.
    var messages: [Message] { all.withLock { $0 } }

    /// How often an assignment came.
    func count(_ assignment: String) -> Int {
        messages.count { $0.text.split(separator: "\n").contains { $0 == assignment } }
    }

    /// The last status.
    var status: String { messages.last { $0["STATUS"] != nil }?["STATUS"] ?? "" }
}

/// Sends bytes and reads them back.
func echoes(_ client: Client, _ text: String = "hello\n") throws -> Bool {
    try client.send(text)
    return try client.receive(exactly: text.utf8.count) == Array(text.utf8)
}
