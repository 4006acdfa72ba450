// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Reactor

struct LogHistogramTests {
    @Test func `each value is in the bucket whose bounds hold it`() {
        var random = SplitMix(seed: 3)
        var values = (0..<64).flatMap { shift in
            [UInt64(1) << shift, (UInt64(1) << shift) - 1, (UInt64(1) << shift) + 1]
        }
        values += [.max, .max - 1]
        values += (0..<2000).map { _ in random.next() >> UInt64.random(in: 0..<64, using: &random) }
        for value in values {
            let bucket = LogHistogram.bucket(of: value)
            #expect(value <= LogHistogram.highest(of: bucket))
            if bucket > 0 { #expect(value > LogHistogram.highest(of: bucket - 1)) }
        }
        #expect(LogHistogram.highest(of: LogHistogram.bucket(of: .max)) == .max)
        #expect(LogHistogram.bucket(of: .max) == 251)
    }

    @Test func `a quantile is at most a quarter above the exact one`() throws {
        var random = SplitMix(seed: 4)
        for _ in 0..<50 {
            let count = Int.random(in: 1...400, using: &random)
            let values = (0..<count).map { _ in random.next() >> UInt64.random(in: 20..<64, using: &random) }
            var histogram = LogHistogram()
            for value in values { histogram.record(value) }
            for part in [0.01, 0.5, 0.9, 0.99, 1] {
                let exact = values.sorted()[max(Int((Double(count) * part).rounded(.up)) - 1, 0)]
                let read = try #require(histogram.quantile(part))
                #expect(read >= exact)
                #expect(Double(read) <= Double(exact) * 1.25 + 1)
            }
            #expect(histogram.sum == values.reduce(0, &+))
        }
        #expect(LogHistogram().quantile(0.5) == nil)
    }

    @Test func `a sum of histograms is the histogram of all values`() {
        var random = SplitMix(seed: 5)
        var (left, right, all) = (LogHistogram(), LogHistogram(), LogHistogram())
        for index in 0..<500 {
            let value = random.next() >> UInt64.random(in: 0..<64, using: &random)
            if index % 3 == 0 { left.record(value) } else { right.record(value) }
            all.record(value)
        }
        left += right
        #expect(left == all)
    }
}
