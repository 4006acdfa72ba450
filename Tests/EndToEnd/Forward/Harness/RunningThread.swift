// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport

/// Work on a thread of its own, for a peer that blocks.
///
/// Concurrency: the work has its objects for itself until ``wait()`` returns; the test keeps to that.
final class RunningThread: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)

    fileprivate func finish(_ result: Result<Void, any Error>) {
        self.result.withLock { $0 = result }
    }

    /// Waits for its end, and throws what it threw.
    func wait() throws {
        try waitFor("an end of what a thread does") { result.withLock { $0 } }.get()
    }
}

extension Thread {
    /// Does something on a new thread.
    static func running(_ body: @escaping () throws -> Void) -> RunningThread {
        let running = RunningThread()
        // What the body uses is not used by anybody else meanwhile.
        nonisolated(unsafe) let body = body
        detachNewThread { running.finish(Result(catching: body)) }
        return running
    }
}
