// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The processor time that some work takes on this thread alone, in microseconds: the least of three times.
///
/// - Parameters:
///   - prepare: makes what the work is done with, for each time anew; its own time is not counted.
///   - work: what is measured.
public func processorTime<Value>(
    preparing prepare: () throws -> Value, _ work: (inout Value) throws -> Void
) rethrows -> Int {
    try (0..<3).map { _ in
        var value = try prepare()
        let start = threadTime()
        try work(&value)
        return threadTime() - start
    }.min() ?? 0
}

/// The processor time of work that needs nothing prepared.
public func processorTime(_ work: () throws -> Void) rethrows -> Int {
    try processorTime(preparing: {}) { _ in try work() }
}

private func threadTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}
