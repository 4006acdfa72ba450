// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// What the thread of one destination does with records: gives them to the sink, and tells the other destinations when
/// the sink fails and recovers. It has no thread, queue or timer of its own.
struct SinkWriter {
    /// How many records went where.
    struct Counts: Equatable, Sendable {
        var written: UInt64 = 0
        var lost: UInt64 = 0
    }

    /// What the sink made of the records so far.
    private(set) var counts = Counts()

    private let sink: any RecordSink
    private var health = SinkHealth.working
    private var encoders: RecordEncoders
    private let clock: @Sendable () -> UInt64
    private let announce: @Sendable (DaemonRecord) -> Void
    private let lastResort: @Sendable (DaemonRecord) -> Void
    /// What an attempt found out about the file while it still failed.
    private var heldNotice: SinkNotice?

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - announce: tells the other destinations what happened to this one.
    ///   - lastResort: says what another destination wanted to be told here, which cannot be written.
    init(
        _ sink: any RecordSink, encoders: RecordEncoders, clock: @escaping @Sendable () -> UInt64,
        announce: @escaping @Sendable (DaemonRecord) -> Void,
        lastResort: @escaping @Sendable (DaemonRecord) -> Void = { _ in }
    ) {
        self.sink = sink
        self.encoders = encoders
        self.clock = clock
        self.announce = announce
        self.lastResort = lastResort
    }

    private var title: String { sink.destination.title }

    /// Whether the sink fails, so that it has to be tried again after a pause.
    var isFailing: Bool { health != .working }

    /// How many records the sink has lost since it began to fail; nil while it works.
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

    /// Writes what another destination wants to be told.
    mutating func write(news record: DaemonRecord) {
        write(record)
        if isFailing { lastResort(record) }
    }

    /// Encodes a record of the daemon for the sink.
    mutating func encoded(_ record: DaemonRecord) -> EncodedRecords {
        var records = EncodedRecords()
        records.append(record, in: RecordEncodings(sink.encoding), by: &encoders)
        return records
    }

    /// Tries the sink if it fails.
    mutating func retry() { _ = recover() }

    /// Opens the file anew: the operator has moved it.
    mutating func reopen() {
        do throws(SystemError) {
            guard try sink.reopen() else { return }
            guard recover() else { return }
            write(.logReopened(title, time: clock()))
        } catch {
            tellEverybody(.logKeepsOldFile(title, because: error, time: clock()))
        }
    }

    /// Tries a sink that fails with a record that says so; true if the sink takes records.
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
        // Before the notice is told of: its record must find a sink whose failure is known.
        if let error = outcome.error {
            if case .announceFailure = health.failed(error, lost: outcome.lost) {
                announce(.logFailed(title, because: error, time: clock()))
            }
        }
        let notice = outcome.notice ?? heldNotice
        // Telling of it writes to this sink again.
        heldNotice = nil
        switch notice {
        case .fileReplaced(let stranded)?:
            tellEverybody(.logFileReplaced(title, lost: stranded, time: clock()))
        case .keepsOldFile(let error)?:
            tellEverybody(.logKeepsOldFile(title, because: error, time: clock()))
        case nil: break
        }
    }

    /// Tells the other destinations, and this one.
    private mutating func tellEverybody(_ record: DaemonRecord) {
        write(record)
        announce(record)
    }
}
