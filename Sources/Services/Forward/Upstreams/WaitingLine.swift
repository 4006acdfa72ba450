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
        /// The numbers of those that a sweep has called, and that have not answered yet.
        var swept: Set<UInt64> = []

        var count: Int { waiters.count - head }
    }

    /// Why somebody was called.
    enum Call: Equatable {
        /// An upstream has room for one more.
        case room
        /// Everybody is to look again, one after the other.
        case sweep
    }

    /// What became of a call.
    enum Answer {
        /// There was room, and it is taken.
        case served
        /// There was none for who was called, but there may be for others: it had tried that upstream, or is back in line.
        case waits
        /// Who was called has gone, and takes nothing.
        case left
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
    /// - Returns: nil if it was there; if not, why it has been called, which ``answer(_:to:of:)`` is to follow.
    func leave(_ number: UInt64) -> Call? {
        line.withLock { line in
            guard let index = line.waiters[line.head...].firstIndex(where: { $0.number == number }) else {
                return line.swept.remove(number) == nil ? .room : .sweep
            }
            line.waiters.remove(at: index)
            count.store(line.count, ordering: .relaxed)
            return nil
        }
    }

    /// Passes a call on to whom it may concern now.
    ///
    /// - Parameter number: the place from which it was called.
    func answer(_ answer: Answer, to call: Call, of number: UInt64) {
        switch (call, answer) {
        case (.sweep, _): serve(behind: number, as: .sweep)
        case (.room, .served): break
        case (.room, .waits): serve(behind: number)
        case (.room, .left): serve()
        }
    }

    /// An upstream has room for one more: calls who is first.
    ///
    /// - Parameters:
    ///   - number: only who waits behind this number. The one that has it was called, but the room is none for it: an
    ///     upstream that it has tried, or one of other settings.
    ///   - call: what to call it for.
    func serve(behind number: UInt64 = 0, as call: Call = .room) {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard count.load(ordering: .relaxed) > 0 else { return }
        let called = line.withLock { line -> Waiter? in
            guard let index = line.waiters[line.head...].firstIndex(where: { $0.number > number }) else { return nil }
            let called = line.waiters[index].waiter
            if call == .sweep { line.swept.insert(line.waiters[index].number) }
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

    /// An upstream is up again, or there are others: everybody looks again. Each calls the next one when it has looked, so
    /// that those on different lanes find room in the order in which they came.
    func serveAll() {
        serve(as: .sweep)
    }

    #if DEBUG
        /// The numbers of those that wait, in their order, and how many that should be. Debug builds only.
        var contents: (numbers: [UInt64], length: Int) {
            line.withLock { ($0.waiters[$0.head...].map(\.number), length) }
        }
    #endif
}
