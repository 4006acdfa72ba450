// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Connections that wait until an upstream has room, first come, first served.
///
/// Concurrency: may be used from every thread; the lock is taken only while somebody waits or wants to.
final class WaitingLine: Sendable {
    private struct Line {
        /// By their numbers, the lowest first.
        var waiters: [(number: UInt64, waiter: Waiter)] = []
        var head = 0
        var nextNumber: UInt64 = 1

        var count: Int { waiters.count - head }
    }

    private let line = Mutex(Line())
    private let count = Atomic<Int>(0)

    /// How many wait.
    var length: Int { count.load(ordering: .relaxed) }

    /// Lines up. Who has lined up looks once more whether there is room: it may have come the moment before.
    ///
    /// - Parameters:
    ///   - limit: how many may wait.
    ///   - number: the place it had, if it was called from there in vain: it has it again, whatever the limit.
    /// - Returns: the number to leave with; nil if so many wait already.
    func enter(_ waiter: Waiter, limit: Int, again number: UInt64? = nil) -> UInt64? {
        let number = line.withLock { line -> UInt64? in
            guard number != nil || line.count < limit else { return nil }
            let place = number ?? line.nextNumber
            if number == nil { line.nextNumber += 1 }
            let index = line.waiters[line.head...].firstIndex { $0.number > place } ?? line.waiters.count
            line.waiters.insert((place, waiter), at: index)
            count.store(line.count, ordering: .relaxed)
            return place
        }
        // Room is looked for after this, and made before the fence in `serve`: one of the two sees the other.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return number
    }

    /// Leaves.
    ///
    /// - Returns: whether it was there; if not, it has been called. Who does not take the room that it was called for calls
    ///   the next one.
    func leave(_ number: UInt64) -> Bool {
        line.withLock { line in
            guard let index = line.waiters[line.head...].firstIndex(where: { $0.number == number }) else {
                return false
            }
            line.waiters.remove(at: index)
            count.store(line.count, ordering: .relaxed)
            return true
        }
    }

    /// An upstream has room for one more: calls who is first.
    ///
    /// - Parameter number: only who waits behind this number. The one that has it was called, but the room is none for it:
    ///   an upstream that it has tried, or one of other settings.
    func serve(behind number: UInt64 = 0) {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard count.load(ordering: .relaxed) > 0 else { return }
        let called = line.withLock { line -> Waiter? in
            guard let index = line.waiters[line.head...].firstIndex(where: { $0.number > number }) else { return nil }
            let called = line.waiters[index].waiter
            if index == line.head {
                line.head += 1
                if line.head > 64, line.head * 2 > line.waiters.count {
                    line.waiters.removeSubrange(..<line.head)
                    line.head = 0
                }
            } else {
                line.waiters.remove(at: index)
            }
            count.store(line.count, ordering: .relaxed)
            return called
        }
        // One that is gone when the call comes has left the line before, or calls the next one itself.
        called?.wake()
    }

    /// An upstream is up again, or there are others: wakes everybody.
    func serveAll() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        for _ in 0..<length { serve() }
    }

    #if DEBUG
        /// The numbers of those that wait, in their order, and how many that should be. Debug builds only.
        var contents: (numbers: [UInt64], length: Int) {
            line.withLock { ($0.waiters[$0.head...].map(\.number), length) }
        }
    #endif
}
