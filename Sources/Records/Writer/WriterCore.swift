// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// What the writer's queue does with records: gives them to the sinks, and tells of sinks that fail and recover on the
/// others. It has no queue and no timer of its own.
struct WriterCore: Sendable {
    /// How many records went where; a record counts once for each sink.
    struct Counts: Equatable, Sendable {
        var written: UInt64 = 0
        var lost: UInt64 = 0
    }

    /// What the sinks made of the records so far.
    private(set) var counts = Counts()

    private var outlets: [Outlet]
    private var generation: UInt32 = 0

    /// The sinks of older generations than this one are gone.
    private var forgotten: UInt32 = 0
    private var encoders: RecordEncoders
    private let lastResort: @Sendable (String) -> Void
    private let clock: @Sendable () -> UInt64

    /// Records of the log about itself that are still to be said, and the sink they are about.
    private var news: [(record: DaemonRecord, about: Int)] = []

    init(
        sinks: [any RecordSink], encoders: RecordEncoders, clock: @escaping @Sendable () -> UInt64,
        lastResort: @escaping @Sendable (String) -> Void
    ) {
        outlets = sinks.map { Outlet($0, since: 0) }
        self.encoders = encoders
        self.clock = clock
        self.lastResort = lastResort
    }

    /// Whether a sink fails, so that it has to be tried again after a pause.
    var hasFailingSink: Bool { outlets.contains { $0.health != .working } }

    /// The sinks that fail, with what each has lost.
    var failing: [(destination: RecordDestination, lost: UInt64)] {
        outlets.compactMap { outlet in
            guard case .failing(let lost) = outlet.health else { return nil }
            return (outlet.sink.destination, lost)
        }
    }

    /// Writes a lane's records.
    mutating func write(_ records: EncodedRecords, encodedUnder generation: UInt32) {
        let serving = outlets.indices.filter { outlets[$0].serves(generation) }
        // Those that it was for may be gone: then it is late, but not lost.
        let isLate = serving.isEmpty && generation < forgotten
        for index in isLate ? outlets.indices.filter({ outlets[$0].until == nil }) : serving {
            give(records[outlets[index].sink.encoding], count: records.count, to: index)
        }
        tellNews()
    }

    /// Writes a record of the daemon under the settings in force.
    mutating func write(_ record: DaemonRecord) {
        for index in outlets.indices where outlets[index].until == nil { give(record, to: index) }
        tellNews()
    }

    /// Tries the sinks that fail.
    mutating func retry() {
        for index in outlets.indices { _ = recover(index) }
        tellNews()
    }

    /// Opens the files anew: the operator has moved them.
    mutating func reopen() {
        for index in outlets.indices where outlets[index].until == nil {
            let sink = outlets[index].sink
            do throws(SystemError) {
                guard try sink.reopen() else { continue }
                _ = recover(index)
                give(DaemonRecord(time: clock(), .reopened, "opened \(sink.destination.title) anew"), to: index)
            } catch {
                let record = DaemonRecord(
                    time: clock(), .failed,
                    "cannot open \(sink.destination.title) anew: \(error.reason) (\(error.symbol)); "
                        + "the log goes on in the old file", errno: error.errno)
                for index in outlets.indices where outlets[index].until == nil { give(record, to: index) }
            }
        }
        tellNews()
    }

    /// Puts the sinks of new settings in use. Those that were in use and are not among them keep what was encoded for
    /// them, until ``removeRetired(by:)``.
    mutating func install(_ sinks: [any RecordSink], generation: UInt32) {
        self.generation = generation
        for index in outlets.indices where outlets[index].until == nil {
            if !sinks.contains(where: { $0 === outlets[index].sink }) { outlets[index].until = generation }
        }
        for sink in sinks where !outlets.contains(where: { $0.sink === sink && $0.until == nil }) {
            outlets.append(Outlet(sink, since: generation))
        }
    }

    /// Lets go of the sinks that the settings of a generation, or older ones, put out of use. Younger ones may still
    /// have records under way to them.
    mutating func removeRetired(by generation: UInt32) {
        outlets.removeAll { outlet in outlet.until.map { $0 <= generation } ?? false }
        forgotten = max(forgotten, generation)
    }

    private mutating func give(_ record: DaemonRecord, to index: Int) {
        let encoding = outlets[index].sink.encoding
        var records = EncodedRecords()
        records.append(record, in: RecordEncodings(encoding), by: &encoders)
        give(records[encoding], count: 1, to: index)
    }

    private mutating func give(_ bytes: [UInt8], count: Int, to index: Int) {
        guard !bytes.isEmpty else { return }
        guard recover(index) else {
            outlets[index].health.skipped(count)
            counts.lost += UInt64(count)
            return
        }
        note(outlets[index].sink.write(bytes, count: count), of: index)
    }

    /// Tries a sink that fails with a record that says so; true if the sink takes records.
    private mutating func recover(_ index: Int) -> Bool {
        guard case .probe(let lost) = outlets[index].health.beforeWrite() else { return true }
        let sink = outlets[index].sink
        let title = sink.destination.title
        let record = DaemonRecord(
            time: clock(), .logResumed, "\(title) takes records again; \(lost) were lost",
            fields: [RecordField("sink", .text(title)), RecordField("lost", .integer(lost))])
        var records = EncodedRecords()
        records.append(record, in: RecordEncodings(sink.encoding), by: &encoders)
        let outcome = sink.write(records[sink.encoding], count: 1)
        guard outcome.error == nil else { return false }
        outlets[index].health.probeSucceeded()
        note(outcome, of: index)
        news.append((record, about: index))
        return true
    }

    private mutating func note(_ outcome: SinkOutcome, of index: Int) {
        counts.written += UInt64(outcome.written)
        counts.lost += UInt64(outcome.lost)
        let title = outlets[index].sink.destination.title
        if case .fileReplaced(let stranded)? = outcome.notice {
            var message = "\(title) was moved or removed, and is opened anew"
            if stranded > 0 { message += "; up to \(stranded) records went with it" }
            // About no sink: everyone is told, also the new file.
            news.append((DaemonRecord(time: clock(), .reopened, level: .warning, message), about: -1))
        }
        guard let error = outcome.error else { return }
        guard case .announceFailure = outlets[index].health.failed(error, lost: outcome.lost) else { return }
        let record = DaemonRecord(
            time: clock(), .logFailed,
            "cannot write the log to \(title): \(error.reason) (\(error.symbol)); it is tried again until it can be",
            errno: error.errno, fields: [RecordField("sink", .text(title))])
        news.append((record, about: index))
    }

    /// Tells what the log has to say about itself on every sink but the one concerned. A sink that fails at that makes
    /// more news, but each can fail only once.
    private mutating func tellNews() {
        while !news.isEmpty {
            let (record, about) = news.removeFirst()
            var isTold = false
            for index in outlets.indices where index != about && outlets[index].until == nil {
                give(record, to: index)
                if outlets[index].health == .working { isTold = true }
            }
            if isTold || about < 0 { continue }
            if outlets[about].sink.destination != .standardError { lastResort(record.message) }
        }
    }
}
