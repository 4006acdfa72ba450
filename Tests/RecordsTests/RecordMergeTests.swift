// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Records

@Suite struct RecordMergeTests {
    private final class Producer {}

    /// Records of these times, each with its time as its message.
    private func batch(_ times: [UInt64], _ encoding: RecordEncoding) -> EncodedRecords {
        var records = EncodedRecords()
        var encoders = RecordEncoders(colour: false)
        for time in times {
            records.append(
                DaemonRecord(time: time, .warning, "<\(time)>"), in: RecordEncodings(encoding), by: &encoders)
        }
        return records
    }

    private func merged(_ batches: [(producer: Int, times: [UInt64])], _ encoding: RecordEncoding) -> [UInt64] {
        let producers = (0..<4).map { _ in Producer() }
        var merge = RecordMerge()
        for (producer, times) in batches {
            merge.add(batch(times, encoding), of: ObjectIdentifier(producers[producer]))
        }
        #expect(merge.count == batches.reduce(0) { $0 + $1.times.count })
        let text = String(decoding: merge.bytes(in: encoding), as: UTF8.self)
        return text.matches(of: /<(\d+)>/).compactMap { UInt64($0.1) }
    }

    @Test(arguments: RecordEncoding.allCases.filter { $0 != .feed })
    func `records of several producers are in the order of time`(encoding: RecordEncoding) {
        #expect(merged([], encoding).isEmpty)
        #expect(merged([(0, [1, 2, 3])], encoding) == [1, 2, 3])
        #expect(merged([(0, [1, 4]), (0, [6, 9])], encoding) == [1, 4, 6, 9])
        #expect(merged([(0, [1, 4, 7]), (1, [2, 3, 8]), (2, [5])], encoding) == [1, 2, 3, 4, 5, 7, 8])
        #expect(
            merged([(0, [5, 6]), (1, [1, 2]), (0, [7, 9]), (1, [3, 8])], encoding) == [1, 2, 3, 5, 6, 7, 8, 9])
    }

    /// The records of a connection are all of one lane.
    @Test func `records of one producer keep their order when the clock is set back`() {
        #expect(merged([(0, [5, 2, 7]), (1, [1, 3, 6])], .json) == [1, 3, 5, 2, 6, 7])
        #expect(merged([(0, [9, 1]), (0, [2]), (1, [5])], .json) == [5, 9, 1, 2])
    }

    @Test func `records of the same time keep the order of their producers`() {
        #expect(merged([(1, [4, 4]), (0, [4])], .text).count == 3)
    }

    @Test func `random mixtures are ordered and complete`() {
        var state: UInt64 = 42
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for _ in 0..<200 {
            var clocks: [UInt64] = [0, 0, 0, 0]
            var batches: [(producer: Int, times: [UInt64])] = []
            for _ in 0..<next(8) {
                let producer = Int(next(4))
                var times: [UInt64] = []
                for _ in 0..<next(6) {
                    clocks[producer] += next(5)
                    times.append(clocks[producer])
                }
                batches.append((producer, times))
            }
            #expect(merged(batches, .journal) == batches.flatMap(\.times).sorted())
        }
    }
}
