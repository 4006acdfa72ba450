// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The state that all lanes of a daemon share.
///
/// Concurrency: every part is atomic, behind a mutex or immutable; lanes and the supervisor use it from their own threads.
public final class LaneShared: Sendable {
    /// Counts the connections of all lanes.
    public let connections = ConnectionCount()

    /// The addresses of the datagram sockets on which the daemon listens.
    package let ownPorts = OwnPorts()

    /// The shortages of this host that are not over yet.
    let shortages = Shortages()

    /// The most connections that the daemon may have.
    private let limit: Atomic<Int>

    private let nextIdentifier = Atomic<UInt64>(1)

    /// Whether an accept failed because the host lacked something, and no lane has emptied a backlog since.
    private let outOfResources = Atomic<Bool>(false)

    /// What a listener waits for before it can listen.
    public struct Awaited: Hashable, Sendable {
        /// The listener's name.
        public let listener: String
        /// What is missing, as text: `can0 down`.
        public let what: String
    }

    /// What listeners wait for, by the waiter's number.
    private let awaitedBy = Mutex<[UInt64: Awaited]>([:])

    private let changed: @Sendable () -> Void
    private let changeIsKnown = Atomic<Bool>(false)

    /// Makes the shared state.
    ///
    /// - Parameter changed: called on a lane at the first ``noteChange()``, and at the first after each
    ///   ``acknowledgeChange()``.
    public init(connectionLimit: Int, changed: @escaping @Sendable () -> Void) {
        limit = Atomic(connectionLimit)
        self.changed = changed
    }

    /// The most connections that the daemon may have; a reload may change it.
    public var connectionLimit: Int {
        get { limit.load(ordering: .relaxed) }
        set { limit.store(newValue, ordering: .relaxed) }
    }

    /// Returns a number that it has not returned before.
    func makeIdentifier() -> UInt64 {
        nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// Tells the supervisor that the status has changed, such as a count, unless it knows already.
    func noteChange() {
        // The caller has changed the count before; the supervisor reads it after ``acknowledgeChange()``. With a fence on
        // both sides, either the supervisor reads the new count, or this load sees its store.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard !changeIsKnown.load(ordering: .relaxed), !changeIsKnown.exchange(true, ordering: .acquiringAndReleasing)
        else { return }
        changed()
    }

    /// Has the next ``noteChange()`` reported again. Called before the counts are read.
    public func acknowledgeChange() {
        changeIsKnown.store(false, ordering: .relaxed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// What listeners wait for, without duplicates, in the order of their names.
    public var awaited: [Awaited] {
        awaitedBy.withLock { Set($0.values).sorted { ($0.listener, $0.what) < ($1.listener, $1.what) } }
    }

    /// Sets what a listener waits for.
    ///
    /// - Parameters:
    ///   - what: what is missing, as text; nil for nothing.
    ///   - listener: the listener's name.
    ///   - waiter: the caller's own number, from ``makeIdentifier()``.
    func noteAwaited(_ what: String?, of listener: String, by waiter: UInt64) {
        let isNews = awaitedBy.withLock { awaited in
            let next = what.map { Awaited(listener: listener, what: $0) }
            defer { awaited[waiter] = next }
            return awaited[waiter] != next
        }
        if isNews { noteChange() }
    }

    /// Passed sockets that do not listen any more, by their descriptor numbers.
    private let unusable = Mutex<Set<CInt>>([])

    /// Notes that a passed socket does not listen any more.
    ///
    /// - Returns: whether this is the first report: every lane finds out by itself.
    func noteUnusable(_ raw: CInt) -> Bool { unusable.withLock { $0.insert(raw).inserted } }

    /// Forgets a socket that is released, since its descriptor number may be reused.
    func forgetUnusable(_ raw: CInt) { unusable.withLock { _ = $0.remove(raw) } }

    /// Whether an accept failed because the host lacked something, and no lane has emptied a backlog since.
    var isOutOfResources: Bool { outOfResources.load(ordering: .relaxed) }

    /// Sets whether connections can be accepted.
    ///
    /// - Returns: whether that is a change.
    func noteAccepting(_ possible: Bool) -> Bool {
        guard outOfResources.load(ordering: .relaxed) == possible else { return false }
        return outOfResources.exchange(!possible, ordering: .acquiringAndReleasing) == possible
    }
}
