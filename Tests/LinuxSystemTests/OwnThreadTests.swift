// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct OwnThreadTests {
    @Test func `runs the body on a thread with that name and every signal blocked`() throws {
        let seen = Mutex<(name: String, blocked: Bool)>(("", false))
        let isDone = DispatchSemaphore(value: 0)
        try OwnThread.start("usherd.test") {
            var mask = sigset_t()
            pthread_sigmask(SIG_SETMASK, nil, &mask)
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            seen.withLock { $0 = (name ?? "", sigismember(&mask, SIGTERM) == 1) }
            isDone.signal()
        }
        isDone.wait()
        #expect(seen.withLock { $0.name } == "usherd.test\n")
        #expect(seen.withLock { $0.blocked })
    }

    @Test func `threads end after their body`() throws {
        try OwnThread.reserve(3)
        try OwnThread.reserve(0)
    }

    /// RLIMIT_AS belongs to the whole process.
    @Test(
        .enabled(
            if: dlsym(nil, "__asan_init") == nil,
            "the address sanitizer itself ends a process that gets no memory for a thread"))
    func `EAGAIN on thread creation is an error`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            // Room for a few stacks of 8 MiB at most.
            var used: rlim_t = 0
            let line = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
            if let pages = line.split(separator: " ").first { used = (rlim_t(pages) ?? 0) * 4096 }
            var limit = rlimit(rlim_cur: used + (64 << 20), rlim_max: used + (64 << 20))
            guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { _exit(2) }
            do throws(SystemError) {
                try OwnThread.reserve(200)
            } catch {
                _exit(error == SystemError("pthread_create", errno: EAGAIN) ? 42 : 3)
            }
            _exit(1)
        }
    }
}
