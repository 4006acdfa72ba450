// SPDX-License-Identifier: Apache-2.0

import Dispatch
import LinuxSystem
import Synchronization

/// Writes the records of all lanes to the sinks of the log.
///
/// A sink that fails is said on another one, once, tried again with each batch and each second, and says itself how many
/// records it lost when it recovers. A sink that is slow or stuck holds this queue up and no other: lanes drop records
/// and count them meanwhile.
///
/// Concurrency: may be used from any queue. Sinks are touched on the serial queue `usherd.records` alone; the lock around
/// the core is taken there and nowhere else, so it is never waited for, and a stuck sink stops nobody who asks for
/// something else here. Nothing runs while nothing is logged and no sink fails.
public final class RecordWriter: Sendable {
    private let queue = DispatchQueue(label: "usherd.records")
    private let core: Mutex<WriterCore>
    private let policyWord: Atomic<UInt64>
    private let installed: Mutex<[any RecordSink]>
    private let direct = RecordBacklog(limit: RecordLimits.standard.outstandingBytes)
    private let terminal: TerminalStyle
    private let errorOutput: PrefixedErrorOutput
    private let submitted = Atomic<UInt64>(0)
    private let finished = Atomic<UInt64>(0)
    private let untoldDrops = Atomic<UInt64>(0)
    private let retryIsScheduled = Atomic(false)

    /// How long a sink that fails is left alone, and a sink that is no more in use kept for what is under way to it.
    private static let pause = DispatchTimeInterval.seconds(1)

    /// Opens the sinks. The first that cannot be opened is the error, and then nothing was changed but that log files
    /// may have been made.
    public convenience init(_ settings: RecordSettings) throws(SinkError) {
        let terminal = TerminalStyle.ofStandardError
        let sinks = try PreparedSinks(settings, reusing: [], terminal: terminal)
        self.init(sinks, terminal: terminal)
    }

    init(_ prepared: PreparedSinks, terminal: TerminalStyle, errorOutput: PrefixedErrorOutput = PrefixedErrorOutput()) {
        self.terminal = terminal
        self.errorOutput = errorOutput
        installed = Mutex(prepared.sinks)
        policyWord = Atomic(prepared.policy(generation: 0).packed)
        core = Mutex(
            WriterCore(
                sinks: prepared.sinks, encoders: RecordEncoders(colour: terminal.isColoured),
                clock: { Clock.realtime }, lastResort: { errorOutput.say($0) }))
    }

    /// Makes a buffer for the queue that calls.
    public func makeBuffer(limits: RecordLimits = .standard) -> RecordBuffer {
        RecordBuffer(writer: self, limits: limits)
    }

    /// Writes a record that comes from no lane.
    public func write(_ record: DaemonRecord) {
        guard policy.admits(record.level) else { return }
        // Near enough to what it takes: the text, and the names of the fields.
        let byteCount = record.message.utf8.count + 512
        if direct.isFull, direct.drop(at: record.time) { return noteDrop() }
        direct.submit(byteCount: byteCount)
        submitted.add(1, ordering: .relaxed)
        queue.async { [self] in
            withCore { $0.write(record) }
            finish(1, direct.finish(byteCount: byteCount))
        }
    }

    /// Opens log files anew, for logrotate(8): what is written from now on goes to what the paths then lead to.
    public func reopen() {
        queue.async { [self] in withCore { $0.reopen() } }
    }

    /// Opens the sinks of new settings and leaves the old ones in force. Those that both have stay open.
    public func prepare(_ settings: RecordSettings) throws(SinkError) -> PreparedSinks {
        try PreparedSinks(settings, reusing: installed.withLock { $0 }, terminal: terminal)
    }

    /// Puts prepared settings in force. Records that were encoded before still go to the old sinks. Must not be called
    /// from two queues at once.
    public func apply(_ prepared: PreparedSinks) {
        installed.withLock { $0 = prepared.sinks }
        let generation = policy.generation &+ 1
        queue.async { [self] in
            withCore { $0.install(prepared.sinks, generation: generation) }
            queue.asyncAfter(deadline: .now() + Self.pause) { [self] in withCore { $0.removeRetired(by: generation) } }
        }
        // After the block above is on the queue: who sees the new word submits behind it.
        policyWord.store(prepared.policy(generation: generation).packed, ordering: .releasing)
    }

    /// Waits until everything that was submitted is written, but not longer than given; then says on standard error
    /// what is not. Must not be called on a queue that a sink waits for.
    ///
    /// - Returns: whether everything was written.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        let isDone = DispatchSemaphore(value: 0)
        let report = Mutex<[(destination: RecordDestination, lost: UInt64)]>([])
        queue.async { [self] in
            withCore { $0.retry() }
            let failing = core.withLock { $0.failing }
            report.withLock { $0 = failing }
            isDone.signal()
        }
        let nanoseconds = limit.components.seconds * 1_000_000_000 + limit.components.attoseconds / 1_000_000_000
        guard isDone.wait(timeout: .now() + .nanoseconds(Int(nanoseconds))) == .success else {
            let waiting = submitted.load(ordering: .relaxed) &- finished.load(ordering: .relaxed)
            let dropped = untoldDrops.load(ordering: .relaxed)
            errorOutput.say(
                "the log is stuck: \(waiting) records were not written within \(limit), and \(dropped) dropped before")
            return false
        }
        let failing = report.withLock { $0 }
        for (destination, lost) in failing {
            errorOutput.say("\(lost) records could not be written to \(destination.title)")
        }
        return failing.isEmpty
    }

    /// Counts a record that was dropped, until a `dropped` record tells of it.
    func noteDrop() {
        untoldDrops.add(1, ordering: .relaxed)
    }

    /// The settings in force.
    var policy: RecordPolicy { RecordPolicy(packed: policyWord.load(ordering: .acquiring)) }

    /// Encoders for a lane.
    func makeEncoders() -> RecordEncoders { RecordEncoders(colour: terminal.isColoured) }

    /// Takes a lane's batch and gives it back empty.
    func submit(_ batch: RecordBatch, of backlog: RecordBacklog, byteCount: Int, count: Int) {
        submitted.add(UInt64(count), ordering: .relaxed)
        queue.async { [self] in
            batch.content.withLock { content in
                withCore { $0.write(content.records, encodedUnder: content.generation) }
                content.records.removeAll()
            }
            finish(count, backlog.finish(byteCount: byteCount, spare: batch))
        }
    }

    /// Notes that records are done with, and tells of those that were dropped meanwhile.
    private func finish(_ count: Int, _ drops: RecordBacklog.Drops?) {
        finished.add(UInt64(count), ordering: .relaxed)
        guard let drops else { return }
        untoldDrops.subtract(drops.count, ordering: .relaxed)
        withCore { $0.write(drops.record(time: Clock.realtime)) }
    }

    /// What the sinks made of the records so far. Waits for the queue, so it is for tests.
    var counts: WriterCore.Counts { queue.sync { core.withLock { $0.counts } } }

    /// Runs on the queue, as every use of the core does; sees to it that a failing sink is tried again.
    private func withCore(_ body: (inout WriterCore) -> Void) {
        dispatchPrecondition(condition: .onQueue(queue))
        let isFailing = core.withLock { core in
            body(&core)
            return core.hasFailingSink
        }
        guard isFailing, !retryIsScheduled.exchange(true, ordering: .relaxed) else { return }
        queue.asyncAfter(deadline: .now() + Self.pause) { [self] in
            retryIsScheduled.store(false, ordering: .relaxed)
            withCore { $0.retry() }
        }
    }
}
