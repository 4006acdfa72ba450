// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Records

@Suite struct RecordFeedTests {
    private let sink = KeepingSink(.file(path: "/log"))

    private func makeWriter(level: RecordLevel = .info, sinks: Bool = true) throws -> RecordWriter {
        RecordWriter(
            try PreparedSinks(sinks ? [sink] : [], level: level),
            terminal: TerminalStyle(isTerminal: false, isColoured: false))
    }

    /// A subscription and the records that it gets.
    private final class Reader {
        let subscription: RecordSubscription
        private let woken: Flag
        private(set) var values: [String] = []
        private(set) var missed: UInt64 = 0

        final class Flag: Sendable {
            let count = Atomic(0)
        }

        init(_ writer: RecordWriter, _ filter: RecordFilter = RecordFilter(), as form: RecordSubscription.Form = .json)
            throws
        {
            let woken = Flag()
            self.woken = woken
            subscription = try writer.subscribe(filter, form: form) { woken.count.add(1, ordering: .relaxed) }
        }

        var wakes: Int { woken.count.load(ordering: .relaxed) }

        /// Takes what there is.
        func take() {
            while let part = subscription.take() {
                let values = JSONValues.split(part.bytes)
                #expect(values.count == part.count)
                self.values += values
                missed += part.missed
            }
        }

        /// Takes until so many records have come, or were missed.
        func take(until count: Int) {
            let deadline = ContinuousClock.now + .seconds(60)
            repeat {
                take()
                sched_yield()
            } while values.count + Int(missed) < count && ContinuousClock.now < deadline
        }

        var numbers: [UInt64] {
            values.compactMap { value in
                value.firstRange(of: "\"connection\":").flatMap {
                    UInt64(value[$0.upperBound...].prefix { $0.isNumber })
                }
            }
        }
    }

    /// Splits JSON values at the commas between them.
    private enum JSONValues {
        static func split(_ bytes: [UInt8]) -> [String] {
            let text = String(decoding: bytes, as: UTF8.self)
            guard !text.isEmpty else { return [] }
            let (edge, replacement) = text.hasPrefix("{") ? ("},{", "}\n{") : ("\",\"", "\"\n\"")
            return text.replacing(edge, with: replacement).split(separator: "\n").map(String.init)
        }
    }

    @Test func `a frame has both lines, and what is filtered by`() throws {
        var encoder = FeedEncoder()
        var bytes: [UInt8] = []
        encoder.encode(Samples.close(.connectFailed, by: .upstream, errno: 111), to: &bytes)
        for record in Samples.everyDaemonRecord { encoder.encode(record, to: &bytes) }
        encoder.encode(DaemonRecord(time: Samples.time, .warning, "x"), to: &bytes)
        let frames = Array(FeedFrames(bytes))
        try #require(frames.count == Samples.everyDaemonRecord.count + 2)
        #expect((frames[0].level, frames[0].event) == (.warning, .close))
        #expect(frames[0].listener.elementsEqual("echo".utf8))
        let line = JSONLineEncoder().line(Samples.close(.connectFailed, by: .upstream, errno: 111))
        #expect(String(decoding: frames[0].json, as: UTF8.self) + "\n" == line)
        let text = TextEncoder(.plain).line(Samples.close(.connectFailed, by: .upstream, errno: 111))
        #expect(String(decoding: frames[0].text, as: UTF8.self) + "\n" == text)
        #expect(frames.dropFirst().dropLast().map(\.event) == EventKind.allCases)
        #expect(frames.last?.listener.isEmpty == true)
        #expect(Array(FeedFrames(Array(bytes.prefix(5)))).isEmpty)
    }

    @Test func `a subscriber gets every record, whatever the level and the destinations are`() throws {
        let writer = try makeWriter(level: .error, sinks: false)
        let buffer = writer.makeBuffer()
        buffer.append(Samples.connection(.open, number: 1), now: 0)
        let reader = try Reader(writer)
        #expect(buffer.showsUnlogged && buffer.showsUnloggedEnds)
        buffer.append(Samples.connection(.open, number: 2), now: 0)
        buffer.append(Samples.connection(.open, number: 3), now: 0, isLogged: false)
        #expect(buffer.deadline == 100_000_000)
        buffer.flushIfDue(now: 100_000_000)
        writer.write(DaemonRecord(time: Samples.time, .started, "started"))
        reader.take(until: 3)
        #expect(reader.numbers == [2, 3])
        #expect(reader.values.last?.contains("\"event\":\"started\"") == true)
        #expect(reader.missed == 0 && reader.values.count == 3)
        #expect(writer.flush(within: .seconds(10)) && sink.lines.isEmpty)
    }

    @Test func `what the log gets stays the same while there are subscribers`() throws {
        let writer = try makeWriter()
        let buffer = writer.makeBuffer()
        let reader = try Reader(writer)
        buffer.append(Samples.connection(.open, number: 1), now: 0, isLogged: false)
        buffer.append(Samples.connection(.open, number: 2), now: 0)
        buffer.flush()
        reader.take(until: 2)
        #expect(reader.numbers == [1, 2])
        writer.end(reader.subscription)
        buffer.append(Samples.connection(.open, number: 3), now: 0)
        #expect(!buffer.showsUnlogged)
        buffer.flush()
        #expect(writer.flush(within: .seconds(10)))
        #expect(
            sink.lines
                == [2, 3].map { String(JSONLineEncoder().line(Samples.connection(.open, number: $0)).dropLast()) })
        reader.take()
        #expect(reader.numbers == [1, 2])
    }

    @Test func `records are filtered by listener, event and level`() throws {
        let writer = try makeWriter()
        let buffer = writer.makeBuffer()
        let other = ListenerLabel(name: "a \"name\"", service: "echo")
        let all = try Reader(writer)
        let named = try Reader(writer, RecordFilter(listener: "a \"name\""))
        let closes = try Reader(writer, RecordFilter(events: [.close]))
        let warnings = try Reader(writer, RecordFilter(level: .warning))
        buffer.append(Samples.connection(.open, listener: other, number: 1), now: 0)
        buffer.append(Samples.connection(.open, number: 2), now: 0)
        buffer.append(Samples.close(.finished, by: .service), now: 0)
        buffer.append(DaemonRecord(time: Samples.time, .lost, "lost"), now: 0)
        buffer.flush()
        all.take(until: 4)
        for reader in [named, closes, warnings] { reader.take() }
        #expect(all.values.count == 4)
        #expect(named.numbers == [1] && named.values.count == 1)
        #expect(closes.values.count == 1 && closes.numbers == [42])
        #expect(warnings.values.count == 1 && warnings.values[0].contains("\"event\":\"lost\""))
    }

    @Test func `lines of text are JSON strings`() throws {
        let writer = try makeWriter()
        let reader = try Reader(writer, as: .text)
        writer.write(DaemonRecord(time: Samples.time, .warning, "say \"hello\""))
        reader.take(until: 1)
        #expect(reader.values == [#""2026-01-02T03:04:05.678Z  warning   say \"hello\"""#])
    }

    @Test func `a client that does not take its records is told how many it lost`() throws {
        let writer = try makeWriter()
        let buffer = writer.makeBuffer()
        let (slow, quick) = (try Reader(writer), try Reader(writer))
        let count = 5000
        for number in 1...count {
            buffer.append(Samples.connection(.open, number: UInt64(number)), now: 0)
            if number % 100 == 0 {
                buffer.flush()
                quick.take(until: number)
            }
        }
        #expect(quick.numbers == Array(1...UInt64(count)) && quick.missed == 0)
        slow.take(until: count)
        #expect(slow.missed > 0 && slow.values.count + Int(slow.missed) == count)
        #expect(slow.numbers == Array(1...UInt64(slow.values.count)))
        #expect(slow.values.reduce(0) { $0 + $1.utf8.count } <= RecordSubscription.mostBytes)
        // From now on it gets everything again.
        buffer.append(Samples.connection(.open, number: 9999), now: 0)
        buffer.flush()
        slow.take(until: count + 1)
        #expect(slow.numbers.last == 9999)
    }

    @Test func `records that the channel drops are missed by every subscriber`() throws {
        let writer = try makeWriter()
        let readers = [try Reader(writer), try Reader(writer)]
        let buffer = writer.makeBuffer(limits: RecordLimits(batchBytes: 1, batchDelay: 1, outstandingBytes: -1))
        buffer.append(Samples.connection(.open, number: 1), now: 0)
        for reader in readers {
            reader.take(until: 1)
            #expect(reader.missed == 1)
            // What the log has lost is told, too.
            #expect(reader.values.allSatisfy { $0.contains("\"event\":\"dropped\"") })
        }
    }

    @Test func `a waiting client is woken once`() throws {
        let writer = try makeWriter()
        let reader = try Reader(writer)
        writer.write(DaemonRecord(time: 1, .warning, "1"))
        reader.take(until: 1)
        let before = reader.wakes
        #expect(reader.subscription.take() == nil)
        for _ in 0..<10 { writer.write(DaemonRecord(time: 1, .warning, "2")) }
        let deadline = ContinuousClock.now + .seconds(60)
        while reader.wakes == before, ContinuousClock.now < deadline { sched_yield() }
        #expect(reader.wakes == before + 1)
        reader.take(until: 11)
        #expect(reader.values.count == 11)
    }

    @Test func `an operator's level holds until settings are applied`() throws {
        let writer = try makeWriter(level: .warning)
        let buffer = writer.makeBuffer()
        #expect(writer.levels == (.warning, .warning))
        writer.setLevel(.debug)
        #expect(writer.levels == (.debug, .warning))
        buffer.append(Samples.connection(.open, number: 1), now: 0)
        writer.setLevel(.error)
        buffer.append(Samples.connection(.open, number: 2), now: 0)
        let reader = try Reader(writer)
        writer.apply(try PreparedSinks([sink], level: .info))
        #expect(writer.levels == (.info, .info))
        buffer.append(Samples.connection(.open, number: 3), now: 0)
        buffer.flush()
        #expect(writer.flush(within: .seconds(10)))
        // The old and the new channel each have a thread.
        #expect(sink.lines.count == 2 && sink.lines.allSatisfy { !$0.contains("\"connection\":2,") })
        // A reload does not end subscriptions.
        reader.take(until: 1)
        #expect(reader.numbers == [3])
    }
}
