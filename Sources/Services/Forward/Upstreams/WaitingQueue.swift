// SPDX-License-Identifier: Apache-2.0

import Relaying
import Synchronization

/// The queue of connections that wait for a free place at an upstream: first in, first out.
///
/// Concurrency: may be used from every thread; while no connection waits, only one that enters takes the lock.
final class WaitingQueue: Sendable {
    private struct Queue {
        var places = WaitingPlaces<Waiter>()
        var nextNumber: UInt64 = 1
        /// The numbers of the connections that a sweep has called and that have not answered yet.
        var swept: Set<UInt64> = []
    }

    /// Why a connection was called.
    enum Call: Equatable {
        /// An upstream has one free place.
        case room
        /// All connections are to check again, one after the other.
        case sweep
    }

    /// The result of a call.
    enum Answer {
        /// The connection took the free place.
        case served
        /// The connection could not use the place, but others may.
        ///
        /// It had tried that upstream, or is waiting again.
        case waits
        /// The connection has ended and takes no place.
        case left
    }

    private let queue = Mutex(Queue())
    private let count = Atomic<Int>(0)

    /// How many connections wait.
    var length: Int { count.load(ordering: .relaxed) }

    /// Enters the queue. The caller must then check again for a free place, since one may have become free just before.
    ///
    /// - Parameters:
    ///   - limit: how many connections may wait.
    ///   - number: the place that the connection had, if it was called but got nothing: it gets it again, regardless of the
    ///     limit.
    /// - Returns: the number to leave with; nil if the queue is full.
    func enter(_ waiter: Waiter, limit: Int, again number: UInt64? = nil) -> UInt64? {
        let number = queue.withLock { queue -> UInt64? in
            guard number != nil || queue.places.count < limit else { return nil }
            let place = number ?? queue.nextNumber
            if number == nil { queue.nextNumber += 1 }
            queue.places.insert(waiter, at: place)
            count.store(queue.places.count, ordering: .relaxed)
            return place
        }
        // The caller checks for a free place after this fence; `serve` reads the count after its fence. So one of the two
        // sees the other's change.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return number
    }

    /// Leaves the queue.
    ///
    /// - Returns: nil if the connection was waiting; else why it was called: the caller must then call ``answer(_:to:of:)``.
    func leave(_ number: UInt64) -> Call? {
        queue.withLock { queue in
            guard queue.places.remove(at: number) else { return queue.swept.remove(number) == nil ? .room : .sweep }
            count.store(queue.places.count, ordering: .relaxed)
            return nil
        }
    }

    /// Passes a call on to the next connection that it may concern.
    ///
    /// - Parameter number: the place from which the connection was called.
    func answer(_ answer: Answer, to call: Call, of number: UInt64) {
        switch (call, answer) {
        case (.sweep, _): serve(behind: number, as: .sweep)
        case (.room, .served): break
        case (.room, .waits): serve(behind: number)
        case (.room, .left): serve()
        }
    }

    /// Calls the first waiting connection, because an upstream has a free place.
    ///
    /// - Parameters:
    ///   - number: calls only connections behind this number. The connection with this number was called but cannot use the
    ///     place: it had tried that upstream, or belongs to other settings.
    ///   - call: the reason for the call.
    ///   - isUseful: whether anybody can use the place: not that of an upstream that an operator has withdrawn. When it is
    ///     given back, ``serveAll()`` calls all.
    func serve(behind number: UInt64 = 0, as call: Call = .room, if isUseful: () -> Bool = { true }) {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard count.load(ordering: .relaxed) > 0, isUseful() else { return }
        let called = queue.withLock { queue -> Waiter? in
            guard let called = queue.places.takeFirst(behind: number) else { return nil }
            if call == .sweep { queue.swept.insert(called.number) }
            count.store(queue.places.count, ordering: .relaxed)
            return called.waiter
        }
        // A connection that ends before the call arrives has left the queue before, or calls the next one itself.
        called?.wake()
    }

    /// Calls all connections one after the other, because an upstream is up again or the group has changed.
    ///
    /// Each calls the next one after its own check, so that connections on different lanes are served in the order of their
    /// places.
    func serveAll() {
        serve(as: .sweep)
    }

    #if DEBUG
        /// The numbers of the waiting connections in order, and the count that is read without the lock. Debug builds only.
        var contents: (numbers: [UInt64], length: Int) {
            queue.withLock { ($0.places.numbers, length) }
        }
    #endif
}
