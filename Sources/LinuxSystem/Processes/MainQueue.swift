// SPDX-License-Identifier: Apache-2.0

import CLinux
import Dispatch
import Glibc

/// Runs libdispatch's main queue on the main thread, as a run loop does.
///
/// A queue of the thread pool needs a thread whenever something is sent to it. Where the kernel grants none
/// (`pids.max`, RLIMIT_NPROC, no memory for a stack), libdispatch tries again each second, for ever, on the sender.
/// The main thread is always there.
public enum MainQueue {
    /// Runs what is sent to the main queue until `isDone`, which is asked after each round. Only for the main thread.
    public static func run(until isDone: () -> Bool) {
        let handle = clinux_main_queue_handle()
        while !isDone() {
            var ready = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
            var count: UInt64 = 0
            // unsafe: two locals, of the sizes that are given. An interrupted wait is one more round.
            _ = unsafe poll(&ready, 1, -1)
            _ = unsafe read(handle, &count, MemoryLayout<UInt64>.size)
            clinux_run_main_queue()
        }
    }
}
