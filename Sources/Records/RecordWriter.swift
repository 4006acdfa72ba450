// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import LinuxSystem
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
    struct Installed {
        var policy: RecordPolicy
        /// The level of the settings, which an operator may have replaced in the policy.
        var configuredLevel: RecordLevel
        var channels: [LogChannel]
        /// Set while there are subscribers.
        var feed: Feed?
    }

    /// The channel of the subscribers, and its sink.
    struct Feed {
        let sink: FeedSink
        let channel: LogChannel
    }

    /// The connections that have ended, and those that were refused.
    public let history = RecordHistory()

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
        installed = Mutex(Installed(policy: policy, configuredLevel: prepared.level, channels: prepared.channels))
        policyWord = Atomic(policy.packed)
        connect(prepared.channels)
    }

    /// Makes a buffer for the calling queue.
    ///
    /// - Parameter isPrivate: whether its connections are those of the daemon itself, which the history does not keep.
    public func makeBuffer(limits: RecordLimits = .standard, isPrivate: Bool = false) -> RecordBuffer {
        RecordBuffer(writer: self, limits: limits, isPrivate: isPrivate)
    }

    /// Writes a record that does not come from a lane.
    public func write(_ record: DaemonRecord) {
        let now = inForce
        now.feed?.channel.submit(record)
        guard now.policy.admits(record.decidingLevel) else { return }
        for channel in now.channels { channel.submit(record) }
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
    /// Ends what ``setLevel(_:)`` has set. Must not be called from two queues at once.
    public func apply(_ prepared: PreparedSinks) {
        connect(prepared.channels)
        let before = installed.withLock { state in
            let before = state.channels
            let isFollowed = state.policy.isFollowed
            state.policy = prepared.policy(generation: state.policy.generation)
            state.policy.isFollowed = isFollowed
            state.configuredLevel = prepared.level
            state.channels = prepared.channels
            publish(&state)
            return before
        }
        let gone = before.filter { old in !prepared.channels.contains { $0 === old } }.map(\.core)
        retired.withLock { retired in
            retired.removeAll { $0.core == nil }
            retired += gone.map(Retired.init)
        }
    }

    /// The lowest level that is written, and the one of the settings.
    public var levels: (inForce: RecordLevel, configured: RecordLevel) {
        installed.withLock { ($0.policy.level, $0.configuredLevel) }
    }

    /// Sets the lowest level that is written, until settings are applied again.
    public func setLevel(_ level: RecordLevel) {
        installed.withLock { state in
            state.policy.level = level
            publish(&state)
        }
    }

    /// Tells the lanes that something has changed. The caller holds the lock.
    private func publish(_ state: inout Installed) {
        state.policy.generation &+= 1
        policyWord.store(state.policy.packed, ordering: .releasing)
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
    var inForce: Installed { installed.withLock { $0 } }

    /// Encoders for a lane.
    func makeEncoders() -> RecordEncoders { RecordEncoders(colour: terminal.isColoured) }

    // MARK: - Records about destinations

    private func connect(_ channels: [LogChannel]) {
        for channel in channels {
            channel.core.announcer.use(
                announce: { [weak self] record, core in self?.announce(record, about: core) },
                say: { [errorOutput] in errorOutput.say($0.message) },
                tellSubscribers: { [weak self] in self?.inForce.feed?.channel.submit($0) })
        }
    }

    /// Sends a record about one destination to the others, or to standard error if there is no other.
    private func announce(_ record: DaemonRecord, about core: LogChannelCore) {
        let now = inForce
        now.feed?.channel.submit(record)
        let others = now.channels.filter { $0.core !== core }
        for channel in others { channel.submit(record, isSinkRecord: true) }
        guard others.isEmpty, core.sink.destination != .standardError else { return }
        switch record.event {
        // The caller may be a lane, which must not block.
        case .logFailed, .logResumed: errorOutput.say(record.message, patience: 0)
        default: break
        }
    }

    // MARK: - Subscribers

    /// Begins a subscription: every record that is made from now on goes to it, whatever the level and the destinations of
    /// the log are.
    ///
    /// - Parameter wake: called from any thread once there is something to take, after ``RecordSubscription/take()`` found
    ///   nothing.
    /// - Throws: the error of pthread_create(3).
    public func subscribe(
        _ filter: RecordFilter, form: RecordSubscription.Form, wake: @escaping @Sendable () -> Void
    ) throws(SystemError) -> RecordSubscription {
        let subscription = RecordSubscription(filter, form: form, wake: wake)
        try installed.withLock { (state) throws(SystemError) in
            if let feed = state.feed { return feed.sink.add(subscription) }
            let sink = FeedSink()
            sink.add(subscription)
            state.feed = Feed(sink: sink, channel: try LogChannel(sink, encoders: RecordEncoders(colour: false)))
            state.policy.isFollowed = true
            publish(&state)
        }
        return subscription
    }

    /// Ends a subscription. A lane releases the channel with its next record, or when it follows the settings.
    public func end(_ subscription: RecordSubscription) {
        installed.withLock { state in
            guard let feed = state.feed, !feed.sink.remove(subscription) else { return }
            state.feed = nil
            state.policy.isFollowed = false
            publish(&state)
        }
    }
}
