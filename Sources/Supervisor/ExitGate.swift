// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Blocks the main thread until the daemon has ended.
///
/// Concurrency: one thread waits, any other opens it, once.
final class ExitGate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let status = Mutex<CInt?>(nil)

    /// Whether the daemon has ended.
    var isOpen: Bool { status.withLock { $0 != nil } }

    /// Has ``wait()`` return `status` on the main thread.
    func open(status: CInt) {
        self.status.withLock { $0 = status }
        opened.signal()
        // Wakes the main thread, in case it waits for its queue.
        let queue: DispatchQueue = .main
        queue.async {}
    }

    /// Waits for ``open(status:)``, and returns the status to exit with.
    func wait() -> CInt {
        opened.wait()
        return status.withLock { $0 ?? 0 }
    }
}
