// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the lanes of a daemon have in common.
///
/// Concurrency: every part is atomic or immutable; lanes and the supervisor use it from their own threads.
public final class LaneShared: Sendable {
    /// The connections of all lanes.
    public let connections = ConnectionCount()

    /// The datagram sockets that listen.
    package let ownPorts = OwnPorts()

    /// How many connections the daemon may have.
    private let limit: Atomic<Int>

    private let nextIdentifier = Atomic<UInt64>(1)

    /// Whether a lane has said that it cannot accept, and none has said that it can again.
    private let outOfResources = Atomic<Bool>(false)

    /// What listeners wait for: the interface of each that waits, by the number that it has been given for that.
    private let awaited = Mutex<[UInt64: String]>([:])

    private let changed: @Sendable () -> Void
    private let changeIsKnown = Atomic<Bool>(false)

    /// Makes the common part.
    ///
    /// - Parameter changed: called on a lane when the number of connections has changed since ``acknowledgeChange()``.
    public init(connectionLimit: Int, changed: @escaping @Sendable () -> Void) {
        limit = Atomic(connectionLimit)
        self.changed = changed
    }

    /// How many connections the daemon may have; may be changed while it runs.
    public var connectionLimit: Int {
        get { limit.load(ordering: .relaxed) }
        set { limit.store(newValue, ordering: .relaxed) }
    }

    /// A number that no connection had before.
    func makeIdentifier() -> UInt64 {
        nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// The number of connections has changed.
    func noteChange() {
        // The count was changed before, and is read after ``acknowledgeChange()``: of the two sides, one sees the other.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard !changeIsKnown.load(ordering: .relaxed), !changeIsKnown.exchange(true, ordering: .acquiringAndReleasing)
        else { return }
        changed()
    }

    /// From now on, the next change is to be told.
    public func acknowledgeChange() {
        changeIsKnown.store(false, ordering: .relaxed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// What listeners wait for, in words and in order: `can0 (down)`.
    public var awaitedInterfaces: [String] { awaited.withLock { Set($0.values).sorted() } }

    /// Notes what a listener waits for.
    ///
    /// - Parameters:
    ///   - interface: nil for nothing.
    ///   - waiter: a number of ``makeIdentifier()``, of its own.
    func noteAwaited(_ interface: String?, by waiter: UInt64) {
        let isNews = awaited.withLock { awaited in
            defer { awaited[waiter] = interface }
            return awaited[waiter] != interface
        }
        if isNews { noteChange() }
    }

    /// Whether some connection could not be accepted, and it is not known that there is enough for all again.
    var isOutOfResources: Bool { outOfResources.load(ordering: .relaxed) }

    /// Notes whether connections can be accepted.
    ///
    /// - Returns: whether that is news.
    func noteAccepting(_ possible: Bool) -> Bool {
        guard outOfResources.load(ordering: .relaxed) == possible else { return false }
        return outOfResources.exchange(!possible, ordering: .acquiringAndReleasing) == possible
    }
}
