// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Where the main thread waits until the daemon has ended.
///
/// Concurrency: one thread waits, any other opens it, once.
final class ExitGate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let status = Mutex<CInt?>(nil)

    /// Whether the daemon has ended.
    var isOpen: Bool { status.withLock { $0 != nil } }

    /// Lets the main thread go on to exit with `status`.
    func open(status: CInt) {
        self.status.withLock { $0 = status }
        opened.signal()
        // The main thread may wait for its queue.
        let queue: DispatchQueue = .main
        queue.async {}
    }

    /// Waits, and returns the status to exit with.
    func wait() -> CInt {
        opened.wait()
        return status.withLock { $0 ?? 0 }
    }
}
