// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// Children and PR_SET_CHILD_SUBREAPER belong to the whole process, so each test has a process of its own.
@Suite struct OrphansTests {
    @Test func `a process that is neither PID 1 nor a subreaper has no orphans to reap`() async {
        await #expect(processExitsWith: .exitCode(42)) { _exit(Orphans.areOurs ? 1 : 42) }
    }

    @Test func `a subreaper reaps every exited child`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            try becomeSubreaper()
            guard Orphans.areOurs else { _exit(2) }
            // Each shell leaves a child behind that outlives it.
            for _ in 0..<3 {
                var identifier = pid_t()
                let words = ["sh", "-c", "sleep 0.1 & exit 0"]
                var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
                guard posix_spawnp(&identifier, "sh", nil, nil, &arguments, environ) == 0 else { _exit(3) }
            }
            var reaped = 0
            for _ in 0..<1000 where reaped < 6 {
                reaped += Orphans.reap()
                usleep(10_000)
            }
            // None is left, dead or alive.
            _exit(reaped == 6 && waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD ? 42 : 1)
        }
    }
}
