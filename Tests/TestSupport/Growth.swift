// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many times as much processor time of this thread some work takes with one input as with another.
///
/// What else runs on the machine can make a time longer, never shorter. So each is the least of several, which are taken in
/// turns: three times, since the first may meet cold caches, and on until the answer is below `limit`, or twenty times.
public func growth<Input>(
    from short: Input, to long: Input, limit: Double, of work: (Input) throws -> Void
) rethrows -> Double {
    var least = (short: Int.max, long: Int.max)
    var ratio = Double.infinity
    for turn in 0..<20 where turn < 3 || ratio >= limit {
        least.short = min(least.short, try threadTime { try work(short) })
        least.long = min(least.long, try threadTime { try work(long) })
        ratio = Double(least.long) / Double(max(least.short, 1))
    }
    return ratio
}

/// The processor time that some work takes on this thread, in nanoseconds.
private func threadTime(_ work: () throws -> Void) rethrows -> Int {
    func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
    let start = now()
    try work()
    return now() - start
}
