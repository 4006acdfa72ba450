// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Reactor

@Suite struct OutputQueueTests {
    @Test func `a new queue is empty`() {
        let queue = OutputQueue()
        #expect(queue.isEmpty)
        #expect(queue.count == 0)
    }

    @Test func `bytes are returned in order`() {
        var queue = OutputQueue()
        queue.append([1, 2, 3])
        queue.append([4])
        #expect(queue.next == [1, 2, 3, 4])
        queue.consume(2)
        #expect(queue.next == [3, 4])
        queue.append([5])
        queue.consume(3)
        #expect(queue.isEmpty)
    }

    @Test func `bytes are inserted before queued ones`() {
        var queue = OutputQueue()
        queue.prepend([1])
        #expect(queue.next == [1])
        queue.append([2, 3, 4])
        queue.consume(2)
        queue.prepend([8, 9])
        #expect(queue.next == [8, 9, 3, 4])
        queue.consume(4)
        #expect(queue.isEmpty)
    }

    @Test func `message boundaries are kept, also of empty messages`() {
        var queue = OutputQueue()
        queue.append([1, 2], asMessage: true)
        queue.append([], asMessage: true)
        queue.append([3], asMessage: true)
        #expect(queue.next == [1, 2])
        queue.consume(2)
        #expect(queue.next == [])
        #expect(!queue.isEmpty)
        queue.consume(0)
        #expect(queue.next == [3])
        queue.consume(1)
        #expect(queue.isEmpty)
    }

    /// Compares random appends and takes with a plain array.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random operations agree with a plain array`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var queue = OutputQueue()
        var reference: [UInt8] = []
        for _ in 0..<2000 {
            if random.next() % 2 == 0 {
                let bytes = (0..<random.next() % 300).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                queue.append(bytes)
                reference += bytes
            } else if !reference.isEmpty {
                let count = Int(random.next() % UInt64(reference.count + 1))
                queue.consume(count)
                reference.removeFirst(count)
            }
            #expect(queue.count == reference.count)
            #expect(queue.isEmpty == reference.isEmpty)
            #expect(queue.next == reference)
        }
    }
}

extension OutputQueue {
    mutating func append(_ bytes: [UInt8], asMessage: Bool = false) {
        append(bytes.span.bytes, asMessage: asMessage)
    }

    var next: [UInt8] {
        withNext { span in span.withUnsafeBytes { Array($0) } }
    }
}
