// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// Writes the records of all lanes to the destinations of the log.
///
/// Each destination has its own thread and its own bounded queue (``LogChannel``): one that is slow, stuck or failing blocks no
/// lane and no other destination. Records that it does not accept are dropped and counted; records say so, there and on the other
/// destinations. A failing destination is retried with each batch and each second.
///
/// Concurrency: may be used from any queue; only ``flush(within:)`` waits. Its threads sleep while nothing is logged and no
/// destination fails.
public final class RecordWriter: Sendable {
    private let installed: Mutex<Installed>
    private let policyWord: Atomic<UInt64>
    /// Channels that a reload removed, until they have written their queue.
    private let retired = Mutex<[Retired]>([])
    private let terminal: TerminalStyle
    private let errorOutput: PrefixedErrorOutput

    /// A removed channel: its thread keeps it, and so the open file, until its queue is written.
    private struct Retired {
        weak var core: LogChannelCore?
    }

    /// The settings in force and their channels.
    private struct Installed {
        var policy: RecordPolicy
        var channels: [LogChannel]
    }

    /// Opens the destinations.
    ///
    /// - Throws: the error of the first that cannot be opened; then nothing has changed, except that log files may have been
    ///   created.
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

    /// Makes a buffer for the calling queue.
    public func makeBuffer(limits: RecordLimits = .standard) -> RecordBuffer {
        RecordBuffer(writer: self, limits: limits)
    }

    /// Writes a record that does not come from a lane.
    public func write(_ record: DaemonRecord) {
        let (policy, channels) = inForce
        guard policy.admits(record.level) else { return }
        for channel in channels { channel.submit(record) }
    }

    /// Reopens log files, for logrotate(8): later records go to the files that the paths then lead to.
    public func reopen() {
        for channel in inForce.channels { channel.reopen() }
    }

    /// Opens the destinations of new settings, and leaves the old ones in force. Common destinations stay open.
    public func prepare(_ settings: RecordSettings) throws(SinkError) -> PreparedSinks {
        try PreparedSinks(settings, reusing: inForce.channels)
    }

    /// Applies prepared settings. Records that are encoded already still go to the old destinations.
    ///
    /// Must not be called from two queues at once.
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

    /// Waits until everything that was submitted is written, up to a limit; then reports the rest on standard error.
    ///
    /// - Returns: whether everything was written.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        let (seconds, attoseconds) = limit.components
        let end = DispatchTime.now() + .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
        // A destination's last record about itself goes to the others, so flush them twice.
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

    /// Whether these settings are still in force.
    func isInForce(_ policy: RecordPolicy) -> Bool { policyWord.load(ordering: .acquiring) == policy.packed }

    /// The settings in force, with their channels.
    var inForce: (policy: RecordPolicy, channels: [LogChannel]) { installed.withLock { ($0.policy, $0.channels) } }

    /// Encoders for a lane.
    func makeEncoders() -> RecordEncoders { RecordEncoders(colour: terminal.isColoured) }

    // MARK: - Records about destinations

    private func connect(_ channels: [LogChannel]) {
        for channel in channels {
            channel.core.announcer.use(
                announce: { [weak self] record, core in self?.announce(record, about: core) },
                say: { [errorOutput] in errorOutput.say($0.message) })
        }
    }

    /// Sends a record about one destination to the others, or to standard error if there is no other.
    private func announce(_ record: DaemonRecord, about core: LogChannelCore) {
        let others = inForce.channels.filter { $0.core !== core }
        for channel in others { channel.submit(record, isSinkRecord: true) }
        guard others.isEmpty, core.sink.destination != .standardError else { return }
        switch record.event {
        // The caller may be a lane, which must not block.
        case .logFailed, .logResumed: errorOutput.say(record.message, patience: 0)
        default: break
        }
    }
}
