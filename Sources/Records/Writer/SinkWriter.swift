// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Gives records to a sink on the thread of its destination, and reports when the sink fails and recovers.
///
/// It has no thread, queue or timer of its own.
struct SinkWriter {
    /// How many records were written and lost.
    struct Counts: Equatable, Sendable {
        var written: UInt64 = 0
        var lost: UInt64 = 0
    }

    /// The counts so far.
    private(set) var counts = Counts()

    private let sink: any RecordSink
    private var health = SinkHealth.working
    private var encoders: RecordEncoders
    private let clock: @Sendable () -> UInt64
    private let announce: @Sendable (DaemonRecord) -> Void
    private let tellSubscribers: @Sendable (DaemonRecord) -> Void
    private let reportOnStandardError: @Sendable (DaemonRecord) -> Void
    /// What a failed test write detected about the file; reported once the sink works.
    private var heldNotice: SinkNotice?

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - announce: sends a record about this destination to the others.
    ///   - tellSubscribers: sends a record that only this destination gets to the subscribers.
    ///   - reportOnStandardError: reports a record of another destination that cannot be written here.
    init(
        _ sink: any RecordSink, encoders: RecordEncoders, clock: @escaping @Sendable () -> UInt64,
        announce: @escaping @Sendable (DaemonRecord) -> Void,
        tellSubscribers: @escaping @Sendable (DaemonRecord) -> Void = { _ in },
        reportOnStandardError: @escaping @Sendable (DaemonRecord) -> Void = { _ in }
    ) {
        self.sink = sink
        self.encoders = encoders
        self.clock = clock
        self.announce = announce
        self.tellSubscribers = tellSubscribers
        self.reportOnStandardError = reportOnStandardError
    }

    private var title: String { sink.destination.title }

    /// Whether the sink fails, so that it must be retried after a pause.
    var isFailing: Bool { health != .working }

    /// How many records the sink has lost since it began to fail; nil if it works.
    var lostWhileFailing: UInt64? {
        guard case .failing(let lost) = health else { return nil }
        return lost
    }

    /// Writes records in the sink's encoding.
    mutating func write(_ bytes: [UInt8], count: Int) {
        guard !bytes.isEmpty else { return }
        guard recover() else {
            health.skipped(count)
            counts.lost += UInt64(count)
            return
        }
        note(sink.write(bytes, count: count))
    }

    /// Writes a record of the daemon.
    mutating func write(_ record: DaemonRecord) {
        let records = encoded(record)
        write(records[sink.encoding], count: 1)
    }

    /// Writes a record of another destination about itself.
    mutating func write(sinkRecord record: DaemonRecord) {
        write(record)
        if isFailing { reportOnStandardError(record) }
    }

    /// Encodes a record of the daemon for the sink.
    mutating func encoded(_ record: DaemonRecord) -> EncodedRecords {
        var records = EncodedRecords()
        records.append(record, in: RecordEncodings(sink.encoding), by: &encoders)
        return records
    }

    /// Retries the sink if it fails.
    mutating func retry() { _ = recover() }

    /// Reopens the file after the operator has moved it.
    mutating func reopen() {
        do throws(SystemError) {
            guard try sink.reopen() else { return }
            guard recover() else { return }
            let record = DaemonRecord.logReopened(title, time: clock())
            write(record)
            tellSubscribers(record)
        } catch {
            reportEverywhere(.logKeepsOldFile(title, because: error, time: clock()))
        }
    }

    /// Retries a failing sink with a `log-resumed` record.
    ///
    /// - Returns: whether the sink works.
    private mutating func recover() -> Bool {
        guard case .probe(let lost) = health.beforeWrite() else { return true }
        let record = DaemonRecord.logResumed(title, lost: lost, time: clock())
        let records = encoded(record)
        let outcome = sink.write(records[sink.encoding], count: 1)
        guard outcome.error == nil else {
            heldNotice = outcome.notice ?? heldNotice
            return false
        }
        health.probeSucceeded()
        note(outcome)
        announce(record)
        return true
    }

    private mutating func note(_ outcome: SinkOutcome) {
        counts.written += UInt64(outcome.written)
        counts.lost += UInt64(outcome.lost)
        // The failure must be noted before the notice is reported: reporting writes to this sink.
        if let error = outcome.error {
            if case .announceFailure = health.failed(error, lost: outcome.lost) {
                announce(.logFailed(title, because: error, time: clock()))
            }
        }
        let notice = outcome.notice ?? heldNotice
        // Reset first: reporting writes to this sink, which calls `note` again.
        heldNotice = nil
        switch notice {
        case .fileReplaced(let stranded)?:
            reportEverywhere(.logFileReplaced(title, lost: stranded, time: clock()))
        case .keepsOldFile(let error)?:
            reportEverywhere(.logKeepsOldFile(title, because: error, time: clock()))
        case nil: break
        }
    }

    /// Writes a record to this destination and to the others.
    private mutating func reportEverywhere(_ record: DaemonRecord) {
        write(record)
        announce(record)
    }
}
