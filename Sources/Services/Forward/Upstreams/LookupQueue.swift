// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Relaying
import Synchronization

/// Runs name look-ups, which block, on a fixed number of dispatch queues.
///
/// libdispatch has a bounded pool of threads, in which each lane occupies one. With a thread for each name, a name
/// server that does not answer would use up the pool.
///
/// Concurrency: may be used from every thread.
final class LookupQueue: Sendable {
    /// The queue of the process.
    static let shared = LookupQueue(width: 8)

    typealias Job = @Sendable () -> Void

    private struct State {
        var turns: LookupTurns<Job>
        /// The queues that run no look-up.
        var idle: [DispatchQueue]
    }

    private let state: Mutex<State>

    /// Makes a queue.
    ///
    /// - Parameter width: how many threads it may use.
    init(width: Int) {
        let queues = (0..<width).map { DispatchQueue(label: "usherd.resolver.\($0)") }
        state = Mutex(State(turns: LookupTurns(width: width), idle: queues))
    }

    /// Runs a look-up as soon as a thread is available.
    ///
    /// - Parameter isSlow: whether it is expected to take long.
    func add(isSlow: Bool, _ job: @escaping Job) {
        let start = state.withLock { state -> (queue: DispatchQueue, job: Job, isSlow: Bool)? in
            state.turns.add(job, isSlow: isSlow)
            guard let queue = state.idle.last, let (job, isSlow) = state.turns.next() else { return nil }
            state.idle.removeLast()
            return (queue, job, isSlow)
        }
        if let start { run(start.job, isSlow: start.isSlow, on: start.queue) }
    }

    private func run(_ job: @escaping Job, isSlow: Bool, on queue: DispatchQueue) {
        queue.async { [self] in
            job()
            let next = state.withLock { state in
                state.turns.ended(isSlow: isSlow)
                let next = state.turns.next()
                if next == nil { state.idle.append(queue) }
                return next
            }
            if let next { run(next.job, isSlow: next.isSlow, on: queue) }
        }
    }
}
