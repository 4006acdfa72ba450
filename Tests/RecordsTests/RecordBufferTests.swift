// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Testing

@testable import Records

@Suite struct RecordBufferTests {
    private let sink = KeepingSink(.file(path: "/log"))

    private func makeWriter(level: RecordLevel = .info) throws -> RecordWriter {
        RecordWriter(
            try PreparedSinks([sink], level: level), terminal: TerminalStyle(isTerminal: false, isColoured: false))
    }

    private func numbers(_ lines: [String]) -> [UInt64] {
        lines.compactMap { line in
            line.firstRange(of: "\"connection\":").flatMap {
                UInt64(line[$0.upperBound...].prefix { $0.isNumber })
            }
        }
    }

    @Test func anEmptyBufferHasNoDeadline() throws {
        let buffer = try makeWriter().makeBuffer()
        #expect(buffer.deadline == nil)
        buffer.flushIfDue(now: .max)
        buffer.flush()
        #expect(buffer.deadline == nil)
    }

    @Test func `what an operator asks for is logged at every level`() throws {
        let writer = try makeWriter(level: .error)
        let buffer = writer.makeBuffer()
        let caller = PeerCredentials(pid: 7, uid: 0, gid: 0)
        buffer.append(.operated("pause echo", by: caller), now: 0)
        buffer.append(DaemonRecord(time: 0, .warning, "something else"), now: 0)
        buffer.flush()
        writer.write(.operated("reload", by: caller))
        #expect(writer.flush(within: .seconds(10)))
        #expect(sink.lines.count == 2 && sink.lines.allSatisfy { $0.contains("asked for: ") })
    }

    /// Every buffer is flushed at the same times, so that a destination has the records of all lanes at once.
    @Test func recordsWaitForTheNextTenthOfASecond() throws {
        let writer = try makeWriter()
        let buffer = writer.makeBuffer()
        buffer.append(Samples.connection(.open, number: 1), now: 1000)
        buffer.append(Samples.connection(.open, number: 2), now: 50_000_000)
        #expect(buffer.deadline == 100_000_000)
        buffer.flushIfDue(now: 99_999_999)
        #expect(writer.flush(within: .seconds(10)))
        #expect(sink.lines.isEmpty)
        buffer.flushIfDue(now: 100_000_000)
        #expect(buffer.deadline == nil)
        #expect(writer.flush(within: .seconds(10)))
        #expect(numbers(sink.lines) == [1, 2])
        buffer.append(Samples.connection(.open, number: 3), now: 100_000_000)
        #expect(buffer.deadline == 200_000_000)
    }

    @Test func aFullBatchGoesAtOnce() throws {
        let writer = try makeWriter()
        let buffer = writer.makeBuffer(
            limits: RecordLimits(batchBytes: 1000, batchDelay: 100, outstandingBytes: 1 << 20))
        var count: UInt64 = 0
        repeat {
            count += 1
            buffer.append(Samples.connection(.open, number: count), now: 0)
        } while buffer.deadline != nil
        #expect(count > 1)
        #expect(writer.flush(within: .seconds(10)))
        #expect(numbers(sink.lines) == Array(1...count))
    }

    @Test func batchesKeepTheirOrderAndTheirMemory() throws {
        let writer = try makeWriter()
        let buffer = writer.makeBuffer(
            limits: RecordLimits(batchBytes: 4096, batchDelay: 100, outstandingBytes: 1 << 30))
        for number in 1...5000 as ClosedRange<UInt64> {
            buffer.append(Samples.connection(.open, number: number), now: 0)
        }
        buffer.flush()
        #expect(writer.flush(within: .seconds(30)))
        #expect(numbers(sink.lines) == Array(1...5000))
    }

    @Test(arguments: RecordLevel.allCases)
    func recordsBelowTheLevelAreNotEncoded(level: RecordLevel) throws {
        let writer = try makeWriter(level: level)
        let buffer = writer.makeBuffer()
        for each in RecordLevel.allCases {
            #expect(buffer.isEnabled(each) == (each >= level))
            buffer.append(DaemonRecord(time: 0, .warning, level: each, "x"), now: 0)
            writer.write(DaemonRecord(time: 0, .warning, level: each, "x"))
        }
        buffer.flush()
        #expect(writer.flush(within: .seconds(10)))
        #expect(sink.lines.count == 2 * RecordLevel.allCases.count { $0 >= level })
    }

    @Test func aLogWithoutSinksTakesNothing() throws {
        let writer = RecordWriter(
            try PreparedSinks([], level: .debug), terminal: TerminalStyle(isTerminal: false, isColoured: false))
        let buffer = writer.makeBuffer()
        buffer.append(Samples.connection(.open), now: 0)
        #expect(buffer.deadline == nil)
        #expect(!buffer.isEnabled(.error))
        #expect(writer.flush(within: .seconds(10)))
    }

    @Test func aStuckSinkCostsRecordsThatAreCountedAndTold() throws {
        let writer = try makeWriter()
        let limits = RecordLimits(batchBytes: 1000, batchDelay: 100, outstandingBytes: 5000)
        let buffer = writer.makeBuffer(limits: limits)
        sink.close()
        for number in 1...1000 as ClosedRange<UInt64> {
            var record = Samples.connection(.open, number: number)
            record.time = number * 1_000_000_000
            buffer.append(record, now: 0)
        }
        buffer.flush()
        sink.open()
        #expect(writer.flush(within: .seconds(10)))
        let dropped = sink.lines.filter { $0.contains("\"event\":\"dropped\"") }
        let kept = numbers(sink.lines)
        #expect(dropped.count == 1)
        // The first records were kept and the rest dropped, without a gap.
        let last = UInt64(kept.count)
        #expect(kept == Array(1...last))
        #expect(last < 1000)
        let telling = dropped.first ?? ""
        #expect(telling.contains("\"count\":\(1000 - last),"), "\(telling)")
        var clock = RecordClock()
        let from = [UInt8](capacity: 64) { clock.appendMicroseconds(of: (last + 1) * 1_000_000_000, to: &$0) }
        let to = [UInt8](capacity: 64) { clock.appendMicroseconds(of: 1000 * 1_000_000_000, to: &$0) }
        #expect(telling.contains("\"from\":\"\(String(decoding: from, as: UTF8.self))\""), "\(telling)")
        #expect(telling.contains("\"to\":\"\(String(decoding: to, as: UTF8.self))\""), "\(telling)")
        // And the log goes on.
        buffer.append(Samples.connection(.open, number: 2000), now: 0)
        buffer.flush()
        #expect(writer.flush(within: .seconds(10)))
        #expect(numbers(sink.lines).last == 2000)
    }
}
