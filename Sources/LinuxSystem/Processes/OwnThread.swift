// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A thread that is there before anything depends on it, or is known not to be.
///
/// libdispatch makes a thread when there is work for it, and where the kernel grants none (`pids.max`, RLIMIT_NPROC, no
/// memory for a stack) tries again each second, for ever, on the thread that gave it the work. So what must not fail later
/// has a thread of its own from the start.
public enum OwnThread {
    /// Starts a thread that runs `body` with every signal blocked, and ends with it.
    ///
    /// - Parameter name: as top(1) shows it; the kernel keeps 15 bytes.
    /// - Throws: why there can be none: `EAGAIN`, as a rule.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        // unsafe: the function takes the reference over, exactly once, unless there is no thread; then it is let go of here.
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

    /// Makes sure that so many further threads can be had at once, by having them for a moment.
    ///
    /// - Throws: why they cannot.
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
