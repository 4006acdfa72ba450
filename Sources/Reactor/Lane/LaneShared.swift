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

    /// What this host lacks at the moment.
    let shortages = Shortages()

    /// How many connections the daemon may have.
    private let limit: Atomic<Int>

    private let nextIdentifier = Atomic<UInt64>(1)

    /// Whether a lane has said that it cannot accept, and none has said that it can again.
    private let outOfResources = Atomic<Bool>(false)

    /// What a listener waits for before it can listen.
    public struct Awaited: Hashable, Sendable {
        /// The listener's name.
        public let listener: String
        /// What is not so yet, in words: `can0 down`.
        public let what: String
    }

    /// What listeners wait for, by the number that each that waits has been given for that.
    private let awaitedBy = Mutex<[UInt64: Awaited]>([:])

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

    /// What listeners wait for, each once, in the order of their names.
    public var awaited: [Awaited] {
        awaitedBy.withLock { Set($0.values).sorted { ($0.listener, $0.what) < ($1.listener, $1.what) } }
    }

    /// Notes what a listener waits for.
    ///
    /// - Parameters:
    ///   - what: what is not so yet, in words; nil for nothing.
    ///   - listener: the listener's name.
    ///   - waiter: a number of ``makeIdentifier()``, of its own.
    func noteAwaited(_ what: String?, of listener: String, by waiter: UInt64) {
        let isNews = awaitedBy.withLock { awaited in
            let next = what.map { Awaited(listener: listener, what: $0) }
            defer { awaited[waiter] = next }
            return awaited[waiter] != next
        }
        if isNews { noteChange() }
    }

    /// The passed sockets that do not listen any more, by their numbers.
    private let unusable = Mutex<Set<CInt>>([])

    /// Notes that a passed socket does not listen any more.
    ///
    /// - Returns: whether that is news: each lane finds it out.
    func noteUnusable(_ raw: CInt) -> Bool { unusable.withLock { $0.insert(raw).inserted } }

    /// The socket is let go of: its number may be that of another one.
    func forgetUnusable(_ raw: CInt) { unusable.withLock { _ = $0.remove(raw) } }

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
