// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Records

@Suite struct RecordWriterTests {
    private let directory = TemporaryDirectory()
    private static let plain = TerminalStyle(isTerminal: false, isColoured: false)

    @Test func aSlowReaderLosesExactlyWhatIsTold() throws {
        let path = directory.file("fifo")
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        defer { close(reader) }
        try Self.fill(path)
        let standardError = Pipe()
        let writer = RecordWriter(
            try PreparedSinks([try FileSink(path: path, encoding: .json)], level: .info), terminal: Self.plain,
            errorOutput: PrefixedErrorOutput(descriptor: standardError.writing))
        let limits = RecordLimits(batchBytes: 4096, batchDelay: 100, outstandingBytes: 32 << 10)
        let buffer = writer.makeBuffer(limits: limits)
        let submitted = 5000
        for number in 1...submitted {
            buffer.append(Samples.connection(.open, number: UInt64(number)), now: 0)
        }
        buffer.flush()
        // The writer waits for the reader; nothing of that reached the lane.
        #expect(!writer.flush(within: .milliseconds(50)))
        let collected = Self.drain(reader) { writer.flush(within: .milliseconds(20)) }
        let lines = collected.split(separator: "\n")
        let opened = lines.count { $0.contains("\"event\":\"open\"") }
        let dropped = try lines.filter { $0.contains("\"event\":\"dropped\"") }.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(object?["count"] as? Int)
        }
        #expect(opened < submitted)
        #expect(opened + dropped.reduce(0, +) == submitted)
        #expect(lines.count == opened + dropped.count)
    }

    /// Writes newlines to a FIFO until it takes no more.
    private static func fill(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let newlines = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
        while write(descriptor, newlines, newlines.count) > 0 {}
        try #require(errno == EAGAIN)
    }

    /// Reads until `isDone` and nothing is left.
    private static func drain(_ reader: CInt, until isDone: () -> Bool) -> String {
        var collected: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var isLast = false
        while true {
            var count = read(reader, &bytes, bytes.count)
            while count > 0 {
                collected += bytes.prefix(count)
                count = read(reader, &bytes, bytes.count)
            }
            if isLast { return String(decoding: collected, as: UTF8.self) }
            isLast = isDone()
        }
    }

    @Test func aStuckSinkDoesNotHoldTheEndUp() throws {
        let pipe = Pipe()
        let sink = KeepingSink(.file(path: "/log"))
        let writer = RecordWriter(
            try PreparedSinks([sink], level: .info), terminal: Self.plain,
            errorOutput: PrefixedErrorOutput(descriptor: pipe.writing))
        let buffer = writer.makeBuffer(limits: RecordLimits(batchBytes: 1, batchDelay: 1, outstandingBytes: 1000))
        sink.close()
        buffer.append(Samples.connection(.open), now: 0)
        sink.waitUntilStuck()
        for _ in 0..<99 { buffer.append(Samples.connection(.open), now: 0) }
        let start = ContinuousClock.now
        #expect(!writer.flush(within: .milliseconds(100)))
        #expect(ContinuousClock.now - start < .seconds(5))
        let said = pipe.readAvailable()
        let counts = said.matches(
            of: /stuck: (\d+) records were not written to \/log within .*, and (\d+) dropped before\n/)
        let match = try #require(counts.first)
        let waiting = try #require(Int(match.1))
        let dropped = try #require(Int(match.2))
        #expect(waiting + dropped == 100, "\(said)")
        sink.open()
        #expect(writer.flush(within: .seconds(10)))
    }

    @Test func theEndSaysWhatASinkStillLacks() throws {
        let pipe = Pipe()
        let sink = KeepingSink(.file(path: "/log"))
        let writer = RecordWriter(
            try PreparedSinks([sink, KeepingSink(.journal)], level: .info), terminal: Self.plain,
            errorOutput: PrefixedErrorOutput(descriptor: pipe.writing))
        sink.fail(with: ENOSPC)
        writer.write(DaemonRecord(time: 0, .stopped, "stopped"))
        #expect(!writer.flush(within: .seconds(10)))
        #expect(pipe.readAvailable() == "usherd: 1 records could not be written to /log\n")
    }

    @Test func aSinkThatFailsIsTriedAgainByItself() throws {
        let sink = KeepingSink(.file(path: "/log"))
        let writer = RecordWriter(try PreparedSinks([sink, KeepingSink(.journal)], level: .info), terminal: Self.plain)
        sink.fail(with: ENOSPC)
        writer.write(DaemonRecord(time: 0, .warning, "lost"))
        _ = writer.flush(within: .seconds(10))
        sink.fail(with: nil)
        let deadline = ContinuousClock.now + .seconds(20)
        while sink.lines.isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(sink.lines.count == 1)
        #expect(sink.lines.first?.contains("\"event\":\"log-resumed\"") == true)
    }

    /// What nobody reads is dropped for itself alone, and told of on the other one too.
    @Test func aStuckSinkDoesNotHoldAnotherOneUp() throws {
        let (stuck, good) = (KeepingSink(.file(path: "/fifo")), KeepingSink(.file(path: "/log")))
        let writer = RecordWriter(try PreparedSinks([stuck, good], level: .info), terminal: Self.plain)
        let buffer = writer.makeBuffer(limits: RecordLimits(batchBytes: 1, batchDelay: 1, outstandingBytes: 1000))
        stuck.close()
        buffer.append(Samples.connection(.open, number: 1), now: 0)
        _ = writer.flush(within: .zero)
        stuck.waitUntilStuck()
        for number in 2...200 as ClosedRange<UInt64> {
            buffer.append(Samples.connection(.open, number: number), now: 0)
            // The good one is never behind, so what it lacks would be lost by the other one's fault.
            let deadline = ContinuousClock.now + .seconds(20)
            while Self.opened(good) < number, ContinuousClock.now < deadline {
                _ = writer.flush(within: .zero)
                usleep(500)
            }
        }
        #expect(Self.opened(good) == 200)
        #expect(stuck.lines.isEmpty)
        stuck.open()
        #expect(writer.flush(within: .seconds(20)))
        for sink in [stuck, good] {
            let told = sink.lines.filter { $0.contains("\"event\":\"dropped\"") }
            #expect(told.count == 1)
            #expect(told.first?.contains("records for /fifo: records were written faster") == true)
            #expect(
                told.first?.contains("\"sink\":\"/fifo\",\"count\":\(200 - Self.opened(stuck)),") == true, "\(told)")
        }
        #expect(Self.opened(stuck) < 200)
    }

    private static func opened(_ sink: KeepingSink) -> UInt64 {
        UInt64(sink.lines.count { $0.contains("\"event\":\"open\"") })
    }

    @Test func aStuckSinkIsToldOfOnTheOtherOneWhileItIsStuck() throws {
        let (stuck, good) = (KeepingSink(.file(path: "/fifo")), KeepingSink(.file(path: "/log")))
        let writer = RecordWriter(try PreparedSinks([stuck, good], level: .info), terminal: Self.plain)
        let buffer = writer.makeBuffer(limits: RecordLimits(batchBytes: 1, batchDelay: 1, outstandingBytes: 1000))
        stuck.close()
        buffer.append(Samples.connection(.open), now: 0)
        _ = writer.flush(within: .zero)
        stuck.waitUntilStuck()
        let deadline = ContinuousClock.now + .seconds(20)
        while !good.lines.contains(where: { $0.contains("\"log-failed\"") }), ContinuousClock.now < deadline {
            buffer.append(Samples.connection(.open), now: 0)
            usleep(10_000)
        }
        let told = good.lines.filter { $0.contains("\"log-failed\"") }
        #expect(told.count == 1)
        #expect(told.first?.contains("/fifo cannot be written to; its records are dropped") == true)
        stuck.open()
        #expect(writer.flush(within: .seconds(20)))
    }

    @Test func recordsOfSeveralLanesAreInTheOrderOfTime() throws {
        let sink = KeepingSink(.file(path: "/log"))
        let writer = RecordWriter(try PreparedSinks([sink], level: .info), terminal: Self.plain)
        let lanes = (0..<3).map { _ in writer.makeBuffer() }
        for number in 1...300 as ClosedRange<UInt64> {
            var record = Samples.connection(.open, number: number)
            record.time = number * 1000
            lanes[Int(number * 7 % 3)].append(record, now: 0)
        }
        writer.write(DaemonRecord(time: 150_500, .warning, "in between"))
        for lane in lanes { lane.flush() }
        #expect(writer.flush(within: .seconds(20)))
        let numbers = sink.lines.map { line in
            line.firstRange(of: "\"connection\":").map { String(line[$0.upperBound...].prefix { $0.isNumber }) } ?? "-"
        }
        var expected = (1...300).map { "\($0)" }
        expected.insert("-", at: 150)
        #expect(numbers == expected)
    }

    @Test func aDestinationThatIsPutOutOfUseIsLetGoOf() throws {
        let writer = try RecordWriter(RecordSettings(destinations: [.file(path: directory.file("old"))]))
        let buffer = writer.makeBuffer()
        weak let channel = writer.inForce.channels.first
        #expect(channel != nil)
        writer.apply(try writer.prepare(RecordSettings(destinations: [])))
        buffer.followSettings()
        #expect(channel == nil)
    }

    /// The thread would wait for ever for a reader, and keep the file open.
    @Test func aStuckFIFOThatIsPutOutOfUseIsClosed() throws {
        let path = directory.file("fifo")
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        defer { close(reader) }
        try Self.fill(path)
        let writer = try RecordWriter(RecordSettings(destinations: [.file(path: path)]))
        writer.write(DaemonRecord(time: 0, .started, "ready"))
        #expect(!writer.flush(within: .milliseconds(50)))
        writer.apply(try writer.prepare(RecordSettings(destinations: [])))
        // The end of the FIFO's last writer is the end of what can be read.
        let deadline = ContinuousClock.now + .seconds(20)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var isClosed = false
        while !isClosed, ContinuousClock.now < deadline {
            usleep(50_000)
            var ready = pollfd(fd: reader, events: 0, revents: 0)
            poll(&ready, 1, 0)
            isClosed = ready.revents & Int16(POLLHUP) != 0
        }
        #expect(isClosed)
        _ = read(reader, &bytes, bytes.count)
    }

    @Test func aStuckStreamThatIsPutOutOfUseTellsWhatItLost() throws {
        let log = directory.file("log")
        let stream = Pipe()
        // It blocks, as the streams of a process do.
        let flags = fcntl(stream.writing, F_GETFL)
        _ = fcntl(stream.writing, F_SETFL, flags | O_NONBLOCK)
        let newlines = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
        while write(stream.writing, newlines, newlines.count) > 0 {}
        _ = fcntl(stream.writing, F_SETFL, flags)
        let sinks: [any RecordSink] = [
            StandardStreamSink(.standardOutput, encoding: .json, raw: stream.writing),
            try FileSink(path: log, encoding: .json),
        ]
        let writer = RecordWriter(try PreparedSinks(sinks, level: .info), terminal: Self.plain)
        for _ in 0..<3 { writer.write(DaemonRecord(time: 0, .started, "ready")) }
        writer.apply(try writer.prepare(RecordSettings(destinations: [.file(path: log)], format: .json)))
        let deadline = ContinuousClock.now + .seconds(30)
        var text = ""
        while !text.contains("not written"), ContinuousClock.now < deadline {
            usleep(20_000)
            text = try String(contentsOfFile: log, encoding: .utf8)
        }
        #expect(text.contains("3 records for standard output were not written: a reload removed it while"), "\(text)")
        #expect(!text.contains("log-failed"), "\(text)")
    }

    @Test func unchangedSinksStayOpenAtAReload() throws {
        let (one, two) = (directory.file("one"), directory.file("two"))
        let writer = try RecordWriter(RecordSettings(destinations: [.file(path: one)], format: .json))
        try FileManager.default.removeItem(atPath: one)
        writer.apply(
            try writer.prepare(RecordSettings(destinations: [.file(path: one), .file(path: two)], format: .json)))
        // It was not opened anew: that would have made it.
        #expect(!FileManager.default.fileExists(atPath: one))
        #expect(FileManager.default.fileExists(atPath: two))
    }

    @Test func recordsOfBeforeAReloadGoWhereTheyBelong() throws {
        let writer = try RecordWriter(
            RecordSettings(destinations: [.file(path: directory.file("old"))], format: .json))
        let buffer = writer.makeBuffer()
        buffer.append(Samples.connection(.open, number: 1), now: 0)
        writer.apply(
            try writer.prepare(RecordSettings(destinations: [.file(path: directory.file("new"))], format: .text)))
        buffer.append(Samples.connection(.open, number: 2), now: 0)
        buffer.flush()
        #expect(writer.flush(within: .seconds(10)))
        #expect(directory.read("old").contains("\"connection\":1"))
        #expect(!directory.read("old").contains("\"connection\":2"))
        #expect(directory.read("new").hasSuffix("#2      tcp://127.0.0.1:51234\n"))
        #expect(directory.read("new").split(separator: "\n").count == 1)
    }

    @Test func settingsThatCannotBePreparedChangeNothing() throws {
        let writer = try RecordWriter(
            RecordSettings(destinations: [.file(path: directory.file("log"))], format: .json))
        #expect(throws: SinkError.self) {
            try writer.prepare(
                RecordSettings(destinations: [.file(path: directory.file("missing/log"))], level: .error))
        }
        writer.write(DaemonRecord(time: 0, .started, "ready"))
        #expect(writer.flush(within: .seconds(10)))
        #expect(directory.read("log").contains("ready"))
    }

    @Test func aDestinationNamedTwiceIsWrittenOnce() throws {
        let file = RecordDestination.file(path: directory.file("log"))
        let writer = try RecordWriter(RecordSettings(destinations: [file, file]))
        writer.write(DaemonRecord(time: 0, .started, "ready"))
        #expect(writer.flush(within: .seconds(10)))
        #expect(directory.read("log") == "1970-01-01T00:00:00.000Z  started   ready\n")
    }

    @Test func reopeningGoesToTheNewFile() throws {
        let path = directory.file("log")
        let writer = try RecordWriter(RecordSettings(destinations: [.file(path: path)]))
        writer.write(DaemonRecord(time: 0, .started, "before"))
        #expect(writer.flush(within: .seconds(10)))
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        writer.reopen()
        writer.write(DaemonRecord(time: 0, .started, "after"))
        #expect(writer.flush(within: .seconds(10)))
        #expect(directory.read("log.1").contains("before"))
        #expect(!directory.read("log.1").contains("after"))
        #expect(directory.read("log").contains("reopened \(path)"))
        #expect(directory.read("log").contains("after"))
    }

    @Test func manyLanesWriteWholeLines() throws {
        let writer = try RecordWriter(
            RecordSettings(destinations: [.file(path: directory.file("log"))], format: .json))
        DispatchQueue.concurrentPerform(iterations: 4) { lane in
            let buffer = writer.makeBuffer(
                limits: RecordLimits(batchBytes: 2000, batchDelay: 1, outstandingBytes: 1 << 30))
            for number in 1...500 {
                buffer.append(Samples.connection(.open, number: UInt64(lane * 1000 + number)), now: 0)
            }
            buffer.flush()
        }
        #expect(writer.flush(within: .seconds(30)))
        let lines = directory.read("log").split(separator: "\n")
        #expect(lines.count == 2000)
        #expect(lines.allSatisfy { $0.hasPrefix("{\"time\"") && $0.hasSuffix("}") })
        #expect(Set(lines).count == 2000)
    }
}
