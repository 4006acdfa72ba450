// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Runs `body` on a thread that has a table of descriptors of its own, so that what it opens can be counted while other
/// tests open and close theirs: unshare(2) with CLONE_FILES. The table goes with the thread.
public func withOwnDescriptors<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    try onOwnThread {
        typealias Unshare = @convention(c) (CInt) -> CInt
        // The Glibc module lacks it, since it needs _GNU_SOURCE.
        guard let symbol = dlsym(nil, "unshare") else { throw POSIXFailure("dlsym", ENOSYS) }
        let unshare = unsafeBitCast(symbol, to: Unshare.self)
        guard unshare(0x400 /* CLONE_FILES */) == 0 else { throw POSIXFailure("unshare") }
        return try body()
    }
}

/// Runs `body` on a thread of its own, with its own signal mask.
public func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    let outcome = Outcome<Result>()
    let isDone = DispatchSemaphore(value: 0)
    let thread = Thread {
        outcome.result = Swift.Result { try body() }
        isDone.signal()
    }
    thread.stackSize = 4 << 20
    thread.start()
    guard isDone.wait(timeout: .now() + .seconds(Int(patience.components.seconds))) == .success,
        let result = outcome.result
    else { throw TimedOut("the thread was done") }
    return try result.get()
}

/// What a thread leaves for the one that waits for it: written before a semaphore is signalled, and read afterwards.
private final class Outcome<Success>: @unchecked Sendable {
    var result: Result<Success, any Error>?
}

/// The descriptors of the calling thread's table, by their numbers. What they stand for may change its name at any time,
/// when another test removes a file.
public func openDescriptors() throws -> Set<CInt> {
    let directory = "/proc/thread-self/fd"
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
    // That which lists the directory is gone by now.
    return Set(names.compactMap { CInt($0) }.filter { fcntl($0, F_GETFD) >= 0 })
}
