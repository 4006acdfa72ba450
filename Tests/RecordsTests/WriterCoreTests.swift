// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Records

@Suite struct WriterCoreTests {
    private let file = KeepingSink(.file(path: "/log"))
    private let journal = KeepingSink(.journal)

    /// What was said where no sink could be told.
    private final class LastResort: Sendable {
        let messages = Mutex<[String]>([])
    }

    private let lastResort = LastResort()

    private func makeCore(_ sinks: [any RecordSink]) -> WriterCore {
        WriterCore(
            sinks: sinks, encoders: RecordEncoders(colour: false), clock: { Samples.time },
            lastResort: { [lastResort] message in lastResort.messages.withLock { $0.append(message) } })
    }

    private func batch(_ count: Int) -> EncodedRecords {
        var records = EncodedRecords()
        var encoders = RecordEncoders(colour: false)
        for _ in 0..<count {
            records.append(Samples.connection(.open), in: RecordEncodings(.json), by: &encoders)
        }
        return records
    }

    private func events(_ sink: KeepingSink) -> [String] {
        sink.lines.map { line in
            line.firstRange(of: "\"event\":\"").map { String(line[$0.upperBound...].prefix { $0 != "\"" }) } ?? line
        }
    }

    @Test func everySinkTakesEveryRecord() {
        var core = makeCore([file, journal])
        core.write(batch(3), encodedUnder: 0)
        #expect(file.lines.count == 3)
        #expect(journal.lines.count == 3)
        #expect(core.counts == WriterCore.Counts(written: 6, lost: 0))
        #expect(!core.hasFailingSink)
    }

    @Test func aFailureIsToldOnceOnTheOtherSink() {
        var core = makeCore([file, journal])
        file.fail(with: ENOSPC)
        core.write(batch(3), encodedUnder: 0)
        core.write(batch(2), encodedUnder: 0)
        core.retry()
        #expect(file.lines.isEmpty)
        #expect(events(journal) == ["open", "open", "open", "log-failed", "open", "open"])
        #expect(
            journal.lines[3].contains(
                "cannot write the log to /log: No space left on device (ENOSPC); it is tried again until it can be"))
        #expect(core.hasFailingSink)
        #expect(lastResort.messages.withLock { $0.isEmpty })
    }

    @Test func aSinkThatRecoversSaysHowManyItLost() {
        var core = makeCore([file, journal])
        file.fail(with: ENOSPC)
        core.write(batch(3), encodedUnder: 0)
        core.write(batch(2), encodedUnder: 0)
        file.fail(with: nil)
        core.write(batch(1), encodedUnder: 0)
        #expect(events(file) == ["log-resumed", "open"])
        #expect(file.lines[0].contains("/log takes records again; 5 were lost"))
        #expect(file.lines[0].contains("\"lost\":5"))
        #expect(events(journal).suffix(2) == ["open", "log-resumed"])
        #expect(!core.hasFailingSink)
        #expect(core.counts.lost == 5)
    }

    @Test func aPauseIsEnoughToRecover() {
        var core = makeCore([file])
        file.fail(with: EIO)
        core.write(batch(1), encodedUnder: 0)
        file.fail(with: nil)
        core.retry()
        #expect(events(file) == ["log-resumed"])
        core.retry()
        #expect(events(file) == ["log-resumed"])
    }

    @Test func aFailureThatNobodyElseCanTellGoesToStandardError() {
        var core = makeCore([file])
        file.fail(with: EIO)
        core.write(batch(1), encodedUnder: 0)
        core.write(batch(1), encodedUnder: 0)
        #expect(
            lastResort.messages.withLock { $0 } == [
                "cannot write the log to /log: Input/output error (EIO); it is tried again until it can be"
            ])
    }

    @Test func aFailureOfStandardErrorIsNotSaidThere() {
        let standardError = KeepingSink(.standardError)
        var core = makeCore([standardError])
        standardError.fail(with: EPIPE)
        core.write(batch(1), encodedUnder: 0)
        #expect(lastResort.messages.withLock { $0.isEmpty })
        #expect(core.counts == WriterCore.Counts(written: 0, lost: 1))
    }

    @Test func twoSinksThatFailAtOnceAreEachTold() {
        var core = makeCore([file, journal])
        file.fail(with: ENOSPC)
        journal.fail(with: ECONNREFUSED)
        core.write(batch(1), encodedUnder: 0)
        #expect(lastResort.messages.withLock { $0.count } == 2)
        #expect(core.failing.map(\.destination) == [.file(path: "/log"), .journal])
    }

    @Test func aReplacedFileIsToldEverywhere() {
        var core = makeCore([file, journal])
        file.notice(.fileReplaced(recordsInOldFile: 4))
        core.write(batch(1), encodedUnder: 0)
        #expect(events(file) == ["open", "reopened"])
        #expect(events(journal) == ["open", "reopened"])
        #expect(file.lines[1].contains("/log was moved or removed, and is opened anew; up to 4 records went with it"))
        #expect(file.lines[1].contains("\"level\":\"warning\""))
    }

    @Test func reopeningIsToldInTheNewFile() {
        var core = makeCore([file])
        core.reopen()
        #expect(file.reopened == 1)
        #expect(events(file) == ["reopened"])
    }

    @Test func reopeningThatFailsIsTold() {
        var core = makeCore([file, journal])
        file.fail(with: EACCES)
        core.reopen()
        #expect(events(journal).contains("failed"))
        #expect(journal.lines[0].contains("cannot open /log anew: Permission denied (EACCES)"))
    }

    @Test func recordsGoToTheSinksTheyWereEncodedFor() {
        var core = makeCore([file])
        let other = KeepingSink(.file(path: "/other"))
        core.install([other, journal], generation: 1)
        core.write(batch(1), encodedUnder: 0)
        core.write(batch(2), encodedUnder: 1)
        core.removeRetired(by: 1)
        core.write(batch(4), encodedUnder: 1)
        #expect(file.lines.count == 1)
        #expect(other.lines.count == 6)
        #expect(journal.lines.count == 6)
    }

    /// Reloads may follow each other faster than the pause after which the sinks of the first are let go of.
    @Test func aSinkIsKeptForWhatIsUnderWayToIt() {
        var core = makeCore([file])
        let other = KeepingSink(.file(path: "/other"))
        let last = KeepingSink(.file(path: "/last"))
        core.install([other], generation: 1)
        core.install([last], generation: 2)
        core.removeRetired(by: 1)
        core.write(batch(1), encodedUnder: 1)
        #expect(other.lines.count == 1, "it was put out of use by the second, not by the first")
        core.write(batch(1), encodedUnder: 0)
        #expect(file.lines.isEmpty)
        #expect(last.lines.count == 1, "what comes too late for its sink goes to those in use")
    }

    @Test func aSinkOfBothSettingsIsGivenEachRecordOnce() {
        var core = makeCore([file, journal])
        core.install([file], generation: 1)
        core.write(batch(1), encodedUnder: 0)
        core.write(batch(1), encodedUnder: 1)
        core.write(DaemonRecord(time: 0, .reload, "reloaded"))
        #expect(events(file) == ["open", "open", "reload"])
        #expect(events(journal) == ["open"])
    }

    @Test func aSinkThatLeavesAndComesBackIsUsedAgain() {
        var core = makeCore([file])
        core.install([], generation: 1)
        core.install([file], generation: 2)
        core.write(batch(1), encodedUnder: 0)
        core.write(batch(1), encodedUnder: 1)
        core.write(batch(1), encodedUnder: 2)
        core.removeRetired(by: 2)
        core.write(batch(1), encodedUnder: 2)
        #expect(file.lines.count == 3)
    }

    @Test(arguments: [0, 1, 7])
    func theHealthOfASinkHasThreeMoves(lost: Int) {
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
