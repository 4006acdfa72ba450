// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// Writes the records of all lanes to the destinations of the log.
///
/// Each destination has its own thread and its own bounded backlog (``LogChannel``): one that is slow, stuck or failing
/// holds up no lane and no other destination. What it does not take is dropped, counted, and told of there and on the
/// others. One that fails is tried again with each batch and each second.
///
/// Concurrency: may be used from any queue; nothing here waits but ``flush(within:)``. Nothing runs while nothing is logged
/// and no destination fails.
public final class RecordWriter: Sendable {
    private let installed: Mutex<Installed>
    private let policyWord: Atomic<UInt64>
    /// Channels that a reload put out of use, until they have written what was theirs.
    private let retired = Mutex<[Retired]>([])
    private let terminal: TerminalStyle
    private let errorOutput: PrefixedErrorOutput

    /// A channel out of use: its thread keeps it, and with it the open file, as long as there is something to write.
    private struct Retired {
        weak var core: LogChannelCore?
    }

    /// What is in force.
    private struct Installed {
        var policy: RecordPolicy
        var channels: [LogChannel]
    }

    /// Opens the sinks. The first that cannot be opened is the error, and then nothing was changed but that log files
    /// may have been made.
    public convenience init(_ settings: RecordSettings) throws(SinkError) {
        self.init(try PreparedSinks(settings, reusing: []), terminal: .ofStandardStreams)
    }

    init(_ prepared: PreparedSinks, terminal: TerminalStyle, errorOutput: PrefixedErrorOutput = PrefixedErrorOutput()) {
        self.terminal = terminal
        self.errorOutput = errorOutput
        let policy = prepared.policy(generation: 0)
        installed = Mutex(Installed(policy: policy, channels: prepared.channels))
        policyWord = Atomic(policy.packed)
        connect(prepared.channels)
    }

    /// Makes a buffer for the queue that calls.
    public func makeBuffer(limits: RecordLimits = .standard) -> RecordBuffer {
        RecordBuffer(writer: self, limits: limits)
    }

    /// Writes a record that comes from no lane.
    public func write(_ record: DaemonRecord) {
        let (policy, channels) = inForce
        guard policy.admits(record.level) else { return }
        for channel in channels { channel.submit(record) }
    }

    /// Opens log files anew, for logrotate(8): what is written from now on goes to what the paths then lead to.
    public func reopen() {
        for channel in inForce.channels { channel.reopen() }
    }

    /// Opens the sinks of new settings and leaves the old ones in force. Those that both have stay open.
    public func prepare(_ settings: RecordSettings) throws(SinkError) -> PreparedSinks {
        try PreparedSinks(settings, reusing: inForce.channels)
    }

    /// Puts prepared settings in force. Records that were encoded before still go to the old sinks. Must not be called
    /// from two queues at once.
    public func apply(_ prepared: PreparedSinks) {
        connect(prepared.channels)
        let before = inForce.channels
        let policy = prepared.policy(generation: self.policy.generation &+ 1)
        installed.withLock { $0 = Installed(policy: policy, channels: prepared.channels) }
        policyWord.store(policy.packed, ordering: .releasing)
        let gone = before.filter { old in !prepared.channels.contains { $0 === old } }.map(\.core)
        retired.withLock { retired in
            retired.removeAll { $0.core == nil }
            retired += gone.map(Retired.init)
        }
    }

    /// Waits until everything that was submitted is written, but not longer than given; then says on standard error
    /// what is not.
    ///
    /// - Returns: whether everything was written.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        let (seconds, attoseconds) = limit.components
        let end = DispatchTime.now() + .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
        // What one tells of itself at its end goes to the others, so they are asked twice.
        return flush(until: end, limit) && flush(until: end, limit)
    }

    private func flush(until end: DispatchTime, _ limit: Duration) -> Bool {
        let cores = inForce.channels.map(\.core) + retired.withLock { $0.compactMap(\.core) }
        var isWritten = true
        for (core, barrier) in cores.map({ ($0, $0.flush()) }) {
            let title = core.sink.destination.title
            if !barrier.wait(until: end) {
                let (waiting, dropped) = core.backlog
                errorOutput.say(
                    "the log is stuck: \(waiting) records were not written to \(title) within \(limit), and \(dropped)"
                        + " dropped before")
                isWritten = false
            } else if let lost = barrier.lostRecords {
                errorOutput.say("\(lost) records could not be written to \(title)")
                isWritten = false
            }
        }
        return isWritten
    }

    /// The settings in force.
    var policy: RecordPolicy { RecordPolicy(packed: policyWord.load(ordering: .acquiring)) }

    /// Whether settings are those in force.
    func isInForce(_ policy: RecordPolicy) -> Bool { policyWord.load(ordering: .acquiring) == policy.packed }

    /// The settings in force and the destinations that they are for.
    var inForce: (policy: RecordPolicy, channels: [LogChannel]) { installed.withLock { ($0.policy, $0.channels) } }

    /// Encoders for a lane.
    func makeEncoders() -> RecordEncoders { RecordEncoders(colour: terminal.isColoured) }

    // MARK: - What destinations tell of themselves

    private func connect(_ channels: [LogChannel]) {
        for channel in channels {
            channel.core.announcer.use(
                announce: { [weak self] record, core in self?.announce(record, about: core) },
                say: { [errorOutput] in errorOutput.say($0.message) })
        }
    }

    /// Tells the other destinations what happened to one, or standard error where there is no other.
    private func announce(_ record: DaemonRecord, about core: LogChannelCore) {
        let others = inForce.channels.filter { $0.core !== core }
        for channel in others { channel.submit(record, isNews: true) }
        guard others.isEmpty, core.sink.destination != .standardError else { return }
        switch record.event {
        // A lane may be the one that tells.
        case .logFailed, .logResumed: errorOutput.say(record.message, patience: 0)
        default: break
        }
    }
}
