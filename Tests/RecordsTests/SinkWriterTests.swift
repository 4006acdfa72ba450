// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Records

@Suite struct SinkWriterTests {
    private let file = KeepingSink(.file(path: "/log"))

    /// What the other destinations were told, and what had to be said on standard error.
    private final class Told: Sendable {
        let others = Mutex<[DaemonRecord]>([])
        let reported = Mutex<[String]>([])
    }

    private let told = Told()

    private func makeWriter() -> SinkWriter {
        SinkWriter(
            file, encoders: RecordEncoders(colour: false), clock: { Samples.time },
            announce: { [told] record in told.others.withLock { $0.append(record) } },
            reportOnStandardError: { [told] record in told.reported.withLock { $0.append(record.message) } })
    }

    private var others: [DaemonRecord] { told.others.withLock { $0 } }

    private func lines(_ count: Int) -> [UInt8] {
        var records = EncodedRecords()
        var encoders = RecordEncoders(colour: false)
        for _ in 0..<count {
            records.append(Samples.connection(.open), in: RecordEncodings(.json), by: &encoders)
        }
        return records[.json]
    }

    private var events: [String] {
        file.lines.map { line in
            line.firstRange(of: "\"event\":\"").map { String(line[$0.upperBound...].prefix { $0 != "\"" }) } ?? line
        }
    }

    @Test func `a working sink writes every record`() {
        var writer = makeWriter()
        writer.write(lines(3), count: 3)
        writer.write(DaemonRecord(time: 0, .started, "ready"))
        #expect(events == ["open", "open", "open", "started"])
        #expect(writer.counts == SinkWriter.Counts(written: 4, lost: 0))
        #expect(!writer.isFailing)
    }

    @Test func `a failure is reported to the other sinks once`() {
        var writer = makeWriter()
        file.fail(with: ENOSPC)
        writer.write(lines(3), count: 3)
        writer.write(lines(2), count: 2)
        writer.retry()
        #expect(file.lines.isEmpty)
        #expect(others.map(\.event) == [.logFailed])
        #expect(
            others.first?.message
                == "cannot write the log to /log: No space left on device (ENOSPC); retrying")
        #expect(writer.isFailing)
        #expect(writer.lostWhileFailing == 5)
    }

    @Test func `a recovered sink reports its lost records, there and elsewhere`() {
        var writer = makeWriter()
        file.fail(with: ENOSPC)
        writer.write(lines(3), count: 3)
        writer.write(lines(2), count: 2)
        file.fail(with: nil)
        writer.write(lines(1), count: 1)
        #expect(events == ["log-resumed", "open"])
        #expect(file.lines[0].contains("/log can be written to again; 5 records lost"))
        #expect(file.lines[0].contains("\"lost\":5"))
        #expect(others.map(\.event) == [.logFailed, .logResumed])
        #expect(!writer.isFailing)
        #expect(writer.counts.lost == 5)
    }

    @Test func `a sink is retried after a pause`() {
        var writer = makeWriter()
        file.fail(with: EIO)
        writer.write(lines(1), count: 1)
        file.fail(with: nil)
        writer.retry()
        writer.retry()
        #expect(events == ["log-resumed"])
    }

    @Test func `a report that no sink can write goes to standard error`() {
        var writer = makeWriter()
        writer.write(sinkRecord: DaemonRecord(time: 0, .logFailed, "the journal fails"))
        #expect(events == ["log-failed"])
        file.fail(with: EIO)
        writer.write(sinkRecord: DaemonRecord(time: 0, .logFailed, "the journal fails"))
        #expect(told.reported.withLock { $0 } == ["the journal fails"])
    }

    @Test func `a replaced file is reported to all sinks`() {
        var writer = makeWriter()
        file.notice(.fileReplaced(recordsInOldFile: 4))
        writer.write(lines(1), count: 1)
        #expect(events == ["open", "reopened"])
        #expect(file.lines[1].contains("/log was moved or removed; reopened it, up to 4 records lost"))
        #expect(file.lines[1].contains("\"level\":\"warning\""))
        #expect(others.map(\.event) == [.reopened])
    }

    @Test func `a file that cannot be reopened is reported, and the old one is used`() {
        var writer = makeWriter()
        file.notice(.keepsOldFile(SystemError("open", errno: EACCES)))
        writer.write(lines(1), count: 1)
        #expect(events == ["open", "failed"])
        #expect(
            file.lines[1].contains(
                "cannot reopen /log: Permission denied (EACCES); still writing to the old file"))
        #expect(others.map(\.event) == [.failed])
        #expect(!writer.isFailing)
    }

    @Test func `a report of a failing sink is written when it works again`() {
        var writer = makeWriter()
        file.fail(with: ENOSPC)
        writer.write(lines(1), count: 1)
        file.notice(.fileReplaced(recordsInOldFile: 4))
        writer.retry()
        writer.retry()
        file.fail(with: nil)
        writer.retry()
        #expect(events == ["log-resumed", "reopened"])
        #expect(others.map(\.event) == [.logFailed, .reopened, .logResumed])
        #expect(others.dropFirst().first?.message.contains("up to 4 records lost") == true)
    }

    @Test func `dropped records cover the earliest to the latest time`() {
        var drops = RecordDrops()
        drops.add(1, from: 100, to: 200)
        drops.add(1, from: 50, to: 60)
        #expect((drops.count, drops.first, drops.last) == (2, 50, 200))
    }

    @Test func `reopening is logged in the new file`() {
        var writer = makeWriter()
        writer.reopen()
        #expect(file.reopened == 1)
        #expect(events == ["reopened"])
    }

    @Test func `a failed reopening is reported to the other sinks`() {
        var writer = makeWriter()
        file.fail(with: EACCES)
        writer.reopen()
        #expect(others.map(\.event).contains(.failed))
        #expect(others.first { $0.event == .failed }?.message.contains("cannot reopen /log") == true)
    }

    @Test(arguments: [0, 1, 7])
    func `a sink fails, keeps failing and recovers`(lost: Int) {
        var health = SinkHealth.working
        #expect(health.beforeWrite() == .none)
        let error = SystemError("write", errno: ENOSPC)
        #expect(health.failed(error, lost: lost) == .announceFailure(error))
        #expect(health.failed(error, lost: 2) == .none)
        health.skipped(3)
        #expect(health.beforeWrite() == .probe(lost: UInt64(lost) + 5))
        health.probeSucceeded()
        #expect(health == .working)
        health.skipped(3)
        #expect(health == .working)
    }
}
