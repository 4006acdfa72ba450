// SPDX-License-Identifier: Apache-2.0

import CLinux
import Dispatch
import Glibc

/// Runs libdispatch's main queue on the main thread, as a run loop does.
///
/// A queue of the thread pool needs a thread whenever work is sent to it. Where the kernel grants none (`pids.max`, RLIMIT_NPROC,
/// no memory for a stack), libdispatch retries each second, for ever, on the sender's thread. The main thread always exists.
public enum MainQueue {
    /// Runs the main queue until `isDone` returns true; it is called after each round. Only on the main thread.
    public static func run(until isDone: () -> Bool) {
        let handle = clinux_main_queue_handle()
        while !isDone() {
            var ready = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
            var count: UInt64 = 0
            // unsafe: two locals of the given sizes. EINTR only causes one more round.
            _ = unsafe poll(&ready, 1, -1)
            _ = unsafe read(handle, &count, MemoryLayout<UInt64>.size)
            clinux_run_main_queue()
        }
    }
}
