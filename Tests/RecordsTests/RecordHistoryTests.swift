// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Records

@Suite struct RecordHistoryTests {
    private func makeHistory(_ capacity: Int) -> RecordHistory {
        let history = RecordHistory()
        history.setCapacity(capacity)
        return history
    }

    private func end(_ number: UInt64) -> ConnectionRecord {
        Samples.connection(
            .close(ConnectionEnd(.finished, by: .service, traffic: Samples.traffic)), number: number)
    }

    /// The numbers of the entries, the newest first.
    private func numbers(
        _ history: RecordHistory, where matches: HistoryReader.Condition = { _ in true }
    ) -> [UInt64] {
        var reader = history.makeReader()
        var result: [UInt64] = []
        while !reader.isAtEnd {
            var bytes: [UInt8] = []
            guard reader.next(to: &bytes, where: matches) else { continue }
            let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            result.append((object?["connection"] as? NSNumber)?.uint64Value ?? 0)
        }
        return result
    }

    @Test(arguments: [1, 7, 8, 9, 100, 1000])
    func `the newest entries are kept, in order`(capacity: Int) {
        let history = makeHistory(capacity)
        #expect(history.isOn && history.capacity == capacity && numbers(history).isEmpty)
        for number in 1...2500 as ClosedRange<UInt64> {
            history.append(end(number))
            if number == 5 { #expect(numbers(history) == Array(([5, 4, 3, 2, 1] as [UInt64]).prefix(capacity))) }
        }
        #expect(numbers(history) == (0..<UInt64(capacity)).map { 2500 - $0 })
    }

    @Test func `an entry has the first failures and the number of the others`() throws {
        let history = makeHistory(10)
        for count in [3, 100] {
            let trace = UpstreamTrace(attempts: count, failures: (0..<count).map { "upstream \($0)" })
            history.append(
                Samples.connection(
                    .close(ConnectionEnd(.connectFailed, by: .upstream, traffic: Samples.traffic)), upstream: trace))
        }
        var reader = history.makeReader()
        var bytes: [UInt8] = []
        #expect(reader.next(to: &bytes) { _ in true })
        #expect(
            String(decoding: bytes, as: UTF8.self)
                .contains("\"failures\":\"upstream 0; upstream 1; upstream 2; and 97 more\""))
        bytes = []
        #expect(reader.next(to: &bytes) { _ in true })
        #expect(
            String(decoding: bytes, as: UTF8.self).contains("\"failures\":\"upstream 0; upstream 1; upstream 2\""))
    }

    @Test func `an entry is the record's JSON`() {
        let history = makeHistory(10)
        var trace = UpstreamTrace(upstream: RecordedAddress(.tcp, .ipv4(.loopback, port: 1)), attempts: 2)
        trace.failures = ["tcp://127.0.0.1:2: connection refused"]
        let make = { (trace: consuming UpstreamTrace) in
            Samples.connection(
                .close(ConnectionEnd(.finished, by: .service, traffic: Samples.traffic)), upstream: trace)
        }
        let line = JSONLineEncoder().line(
            make(
                UpstreamTrace(
                    upstream: RecordedAddress(.tcp, .ipv4(.loopback, port: 1)), attempts: 2,
                    failures: ["tcp://127.0.0.1:2: connection refused"])))
        history.append(make(trace))
        var bytes: [UInt8] = []
        var reader = history.makeReader()
        let hasMatched = reader.next(to: &bytes) { _ in true }
        #expect(hasMatched && String(decoding: bytes, as: UTF8.self) + "\n" == line)
    }

    @Test func `only ends and refusals are kept, and those that match are read`() {
        let history = makeHistory(10)
        history.append(Samples.connection(.open, number: 1))
        history.append(Samples.connection(.live(Samples.traffic), number: 2))
        history.append(Samples.connection(.progress(Samples.traffic), number: 3))
        history.append(end(4))
        history.append(Samples.connection(.refused(.listenerLimit(1)), number: 0))
        #expect(numbers(history) == [0, 4])
        #expect(numbers(history) { $0.connection == 4 } == [4])
    }

    @Test func `a new capacity keeps what it has room for`() {
        let history = makeHistory(100)
        for number in 1...150 as ClosedRange<UInt64> { history.append(end(number)) }
        history.setCapacity(40)
        #expect(numbers(history) == (0..<40).map { 150 - $0 })
        history.setCapacity(1000)
        history.append(end(151))
        #expect(Array(numbers(history).prefix(40)) == (0..<40).map { 151 - $0 })
        history.setCapacity(0)
        #expect(!history.isOn)
        history.append(end(152))
        #expect(numbers(history).isEmpty)
        history.setCapacity(10)
        history.append(end(153))
        #expect(numbers(history) == [153])
    }

    @Test func `a capacity beyond the limit, or below zero, is corrected`() {
        #expect(makeHistory(.max).capacity == RecordHistory.mostEntries)
        #expect(makeHistory(-1).capacity == 0)
    }

    @Test func `entries of many threads are kept once each, while one reads and one resizes`() throws {
        let history = makeHistory(1000)
        let threads = 4
        let done = DispatchGroup()
        for thread in 0..<threads {
            done.enter()
            Thread.detachNewThread {
                for number in 1...10_000 {
                    history.append(
                        Samples.connection(
                            .close(ConnectionEnd(.finished, by: .service, traffic: Samples.traffic)),
                            number: UInt64(thread * 100_000 + number)))
                }
                done.leave()
            }
        }
        while done.wait(timeout: .now()) == .timedOut {
            let seen = numbers(history)
            #expect(seen.count <= 1000 && Set(seen).count == seen.count)
            history.setCapacity(history.capacity == 1000 ? 500 : 1000)
        }
        history.setCapacity(1000)
        for number in 1...1000 as ClosedRange<UInt64> { history.append(end(number)) }
        #expect(numbers(history) == (0..<1000).map { 1000 - $0 })
    }

    @Test func `private lanes add nothing, others do whatever is logged`() throws {
        let sink = KeepingSink(.file(path: "/log"))
        let writer = RecordWriter(
            try PreparedSinks([sink], level: .error), terminal: TerminalStyle(isTerminal: false, isColoured: false))
        let (own, other) = (writer.makeBuffer(isPrivate: true), writer.makeBuffer())
        #expect(!other.showsUnloggedEnds)
        writer.history.setCapacity(10)
        #expect(other.showsUnloggedEnds && !own.showsUnloggedEnds && !other.showsUnlogged)
        own.append(end(1), now: 0)
        other.append(end(2), now: 0, isLogged: false)
        other.append(end(3), now: 0)
        #expect(numbers(writer.history) == [3, 2])
        #expect(other.deadline == nil)
    }

    @Test func `an entry is small`() {
        #expect(RecordHistory.entryBytes <= 272, "\(RecordHistory.entryBytes) bytes")
    }
}
