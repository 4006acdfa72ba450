// SPDX-License-Identifier: Apache-2.0

import Relaying
import Synchronization

/// Connections that wait until an upstream has room, first come, first served.
///
/// Concurrency: may be used from every thread; the lock is taken only while a connection waits or wants to.
final class WaitingLine: Sendable {
    private struct Line {
        var places = WaitingPlaces<Waiter>()
        var nextNumber: UInt64 = 1
        /// The numbers of the connections that a sweep has called and that have not answered yet.
        var swept: Set<UInt64> = []
    }

    /// Why a connection was called.
    enum Call: Equatable {
        /// An upstream has room for one more.
        case room
        /// All connections are to look again, one after the other.
        case sweep
    }

    /// What became of a call.
    enum Answer {
        /// There was room, and the connection took it.
        case served
        /// There was no room for the connection that was called, but there may be for others: it had tried that upstream, or
        /// is back in line.
        case waits
        /// The connection that was called has ended, and takes nothing.
        case left
    }

    private let line = Mutex(Line())
    private let count = Atomic<Int>(0)

    /// How many connections wait.
    var length: Int { count.load(ordering: .relaxed) }

    /// Lines up. The connection then looks once more whether there is room: it may have come the moment before.
    ///
    /// - Parameters:
    ///   - limit: how many may wait.
    ///   - number: the place it had, if it was called from there in vain: it has it again, whatever the limit.
    /// - Returns: the number to leave with; nil if so many wait already.
    func enter(_ waiter: Waiter, limit: Int, again number: UInt64? = nil) -> UInt64? {
        let number = line.withLock { line -> UInt64? in
            guard number != nil || line.places.count < limit else { return nil }
            let place = number ?? line.nextNumber
            if number == nil { line.nextNumber += 1 }
            line.places.insert(waiter, at: place)
            count.store(line.places.count, ordering: .relaxed)
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
            guard line.places.remove(at: number) else { return line.swept.remove(number) == nil ? .room : .sweep }
            count.store(line.places.count, ordering: .relaxed)
            return nil
        }
    }

    /// Passes a call on to the next connection that it may concern.
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

    /// An upstream has room for one more: calls the first connection.
    ///
    /// - Parameters:
    ///   - number: calls only connections behind this number. The one that has it was called, but cannot use the room: that
    ///     of an upstream that it has tried, or one of other settings.
    ///   - call: what to call it for.
    func serve(behind number: UInt64 = 0, as call: Call = .room) {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard count.load(ordering: .relaxed) > 0 else { return }
        let called = line.withLock { line -> Waiter? in
            guard let called = line.places.takeFirst(behind: number) else { return nil }
            if call == .sweep { line.swept.insert(called.number) }
            count.store(line.places.count, ordering: .relaxed)
            return called.waiter
        }
        // One that has ended when the call comes has left the line before, or calls the next one itself.
        called?.wake()
    }

    /// An upstream is up again, or there are others: all connections look again. Each calls the next one when it has looked,
    /// so that those on different lanes find room in the order in which they came.
    func serveAll() {
        serve(as: .sweep)
    }

    #if DEBUG
        /// The numbers of those that wait, in their order, and how many that should be. Debug builds only.
        var contents: (numbers: [UInt64], length: Int) {
            line.withLock { ($0.places.numbers, length) }
        }
    #endif
}
