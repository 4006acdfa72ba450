// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Starts threads in advance, so that nothing depends later on whether the kernel grants one.
///
/// libdispatch creates a thread when there is work for it. Where the kernel grants none (`pids.max`, RLIMIT_NPROC, no memory for
/// a stack), it retries each second, for ever, on the thread that submitted the work. So work that must not fail later gets its
/// own thread at the start.
public enum OwnThread {
    /// Starts a detached thread that runs `body` with every signal blocked, and ends when `body` returns.
    ///
    /// - Parameter name: the name in top(1); the kernel keeps 15 bytes.
    /// - Throws: the error of pthread_create(3), usually `EAGAIN`.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        // unsafe: the thread takes over the reference, exactly once; if there is no thread, it is released below.
        let work = unsafe Unmanaged.passRetained(Work(name, body))
        let context = unsafe work.toOpaque()
        do throws(SystemError) {
            _ = try systemCall("pthread_create") {
                unsafe clinux_start_thread(
                    { context in
                        guard let context = unsafe context else { return nil }
                        unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                        return nil
                    }, context)
            }
        } catch {
            unsafe work.release()
            throw error
        }
    }

    /// Checks that `count` further threads can be created now, by creating them for a moment.
    ///
    /// - Throws: the error of pthread_create(3).
    public static func reserve(_ count: Int) throws(SystemError) {
        _ = try systemCall("pthread_create") { clinux_try_threads(CInt(clamping: count)) }
    }

    private final class Work: Sendable {
        private let name: String
        private let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            ThreadName.set(name)
            body()
        }
    }
}
