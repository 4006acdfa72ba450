// SPDX-License-Identifier: Apache-2.0

/// Schedules the look-ups of a fixed number of threads. Pure.
///
/// First in, first out. But look-ups that took long the last time get half of the threads at most, so that names whose
/// server does not answer do not delay the others.
package struct LookupTurns<Job> {
    private let width: Int
    private let slowWidth: Int
    private var prompt = Line()
    private var slow = Line()
    private var running = 0
    private var runningSlow = 0

    /// Makes a schedule for `width` threads, at least one.
    package init(width: Int) {
        self.width = width
        slowWidth = max(1, width / 2)
    }

    /// How many look-ups wait.
    package var waiting: Int { prompt.count + slow.count }

    /// Adds a look-up.
    ///
    /// - Parameter isSlow: whether it is expected to take long.
    package mutating func add(_ job: Job, isSlow: Bool) {
        if isSlow { slow.append(job) } else { prompt.append(job) }
    }

    /// Returns the look-up to start now; nil if none may start.
    package mutating func next() -> (job: Job, isSlow: Bool)? {
        guard running < width else { return nil }
        if let job = prompt.popFirst() {
            running += 1
            return (job, false)
        }
        guard runningSlow < slowWidth, let job = slow.popFirst() else { return nil }
        running += 1
        runningSlow += 1
        return (job, true)
    }

    /// Notes that a look-up ended.
    package mutating func ended(isSlow: Bool) {
        running -= 1
        if isSlow { runningSlow -= 1 }
    }

    /// A queue that removes its first element in amortised constant time.
    private struct Line {
        private var jobs: [Job?] = []
        private var head = 0

        var count: Int { jobs.count - head }

        mutating func append(_ job: Job) { jobs.append(job) }

        mutating func popFirst() -> Job? {
            guard head < jobs.count else { return nil }
            let job = jobs[head].take()
            head += 1
            if head == jobs.count || head > 64 && head * 2 > jobs.count {
                jobs.removeSubrange(..<head)
                head = 0
            }
            return job
        }
    }
}
