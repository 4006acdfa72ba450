// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// The environment belongs to the whole process, so each test has a process of its own. In it, the test's own threads still
/// open and close descriptors: one that was replaced is closed by its owner. So a test that wants low numbers has a table
/// of descriptors of its own as well.
@Suite struct ServiceManagerTests {
    @Test func `passed descriptors are taken once, with their names`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            try withOwnDescriptors {
                // At 3 and above, as systemd has them.
                for raw in 3...5 as ClosedRange<CInt> { dup2(0, raw) }
                setenv("LISTEN_PID", "\(getpid())", 1)
                setenv("LISTEN_FDS", "3", 1)
                setenv("LISTEN_FDNAMES", "web:chat:web", 1)
                let passed = ServiceManager.takePassedDescriptors()
                let isRight = passed.map(\.name) == ["web", "chat", "web"] && passed.map(\.raw) == [3, 4, 5]
                let areClosedOnExec = (3...5).allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 }
                let isForgotten =
                    getenv("LISTEN_FDS") == nil && getenv("LISTEN_PID") == nil
                    && ServiceManager.takePassedDescriptors().isEmpty
                _exit(isRight && areClosedOnExec && isForgotten ? 42 : 1)
            }
        }
    }

    @Test(arguments: ["1", "0", ""])
    func `descriptors with another LISTEN_PID are ignored`(pid: String) async {
        await #expect(processExitsWith: .exitCode(42)) { [pid] in
            try withOwnDescriptors {
                dup2(0, 3)
                setenv("LISTEN_PID", pid, 1)
                setenv("LISTEN_FDS", "1", 1)
                _exit(ServiceManager.takePassedDescriptors().isEmpty ? 42 : 1)
            }
        }
    }

    @Test(arguments: ["nonsense", "-1", "0", "99999999999999999999"])
    func `an invalid LISTEN_FDS is ignored`(count: String) async {
        await #expect(processExitsWith: .exitCode(42)) { [count] in
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", count, 1)
            _exit(ServiceManager.takePassedDescriptors().isEmpty ? 42 : 1)
        }
    }

    @Test func `unnamed descriptors get systemd's default name`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            try withOwnDescriptors {
                dup2(0, 3)
                setenv("LISTEN_PID", "\(getpid())", 1)
                setenv("LISTEN_FDS", "1", 1)
                _exit(ServiceManager.takePassedDescriptors().map(\.name) == ["unknown"] ? 42 : 1)
            }
        }
    }

    @Test func `the watchdog interval is read`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let without = ServiceManager.watchdogMicroseconds
            setenv("WATCHDOG_USEC", "30000000", 1)
            let forEverybody = ServiceManager.watchdogMicroseconds
            setenv("WATCHDOG_PID", "1", 1)
            let forAnother = ServiceManager.watchdogMicroseconds
            setenv("WATCHDOG_PID", "\(getpid())", 1)
            let forUs = ServiceManager.watchdogMicroseconds
            _exit(without == nil && forEverybody == 30_000_000 && forAnother == nil && forUs == 30_000_000 ? 42 : 1)
        }
    }

    @Test func `JOURNAL_STREAM is compared with standard error`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            unsetenv("JOURNAL_STREAM")
            let without = ServiceManager.journalReadsStandardError
            var status = stat()
            fstat(2, &status)
            setenv("JOURNAL_STREAM", "\(status.st_dev):\(status.st_ino)", 1)
            let right = ServiceManager.journalReadsStandardError
            var wrong: [Bool] = []
            for text in ["\(status.st_dev):\(status.st_ino + 1)", "", ":", "1", "a:b", "1:2:3"] {
                setenv("JOURNAL_STREAM", text, 1)
                wrong.append(ServiceManager.journalReadsStandardError)
            }
            _exit(!without && right && !wrong.contains(true) ? 42 : 1)
        }
    }
}
