// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct SystemCallTests {
    /// What a call came to under an injected error, and how often it was really made.
    private struct Outcome: Equatable {
        var result: CInt?
        var error: SystemError?
        var calls = 0
        var reached = false
    }

    private func outcome(call number: Int, _ errno: CInt, ifReady: Bool) -> Outcome {
        var outcome = Outcome()
        outcome.reached = FaultInjection.failing(call: number, with: errno) {
            do throws(SystemError) {
                let call: () -> CInt = {
                    outcome.calls += 1
                    return 7
                }
                outcome.result = ifReady ? try systemCallIfReady("test", call) : try systemCall("test", call)
            } catch {
                outcome.error = error
            }
        }
        return outcome
    }

    @Test(arguments: [true, false])
    func `EINTR is retried`(ifReady: Bool) {
        #expect(outcome(call: 1, EINTR, ifReady: ifReady) == Outcome(result: 7, calls: 1, reached: true))
    }

    @Test(arguments: [EMFILE, ENOMEM, ECONNRESET])
    func `other errors are thrown with call and errno`(errno: CInt) {
        let failure = Outcome(error: SystemError("test", errno: errno), reached: true)
        #expect(outcome(call: 1, errno, ifReady: true) == failure)
        #expect(outcome(call: 1, errno, ifReady: false) == failure)
    }

    @Test func `EAGAIN means nothing to do only if it is expected`() {
        #expect(outcome(call: 1, EAGAIN, ifReady: true) == Outcome(reached: true))
        #expect(outcome(call: 1, EAGAIN, ifReady: false).error == SystemError("test", errno: EAGAIN))
    }

    @Test func `a fault after the last call has no effect`() {
        #expect(outcome(call: 2, EMFILE, ifReady: false) == Outcome(result: 7, calls: 1, reached: false))
        // And nothing of it is left for the next.
        #expect(throws: Never.self) { try systemCall("test") { CInt(0) } }
    }

    @Test func `injected faults affect only their thread`() throws {
        let reached = try onOwnThread {
            FaultInjection.failing(call: 1, with: EMFILE) {
                // The other thread makes many calls, of which none may fail.
                let other = try? onOwnThread { try (0..<100).map { _ in try systemCall("test") { CInt(1) } }.count }
                #expect(other == 100)
            }
        }
        #expect(!reached)
    }

    @Test(arguments: [EAGAIN, EINTR, EBADF])
    func `errno is read after the call`(number: CInt) throws {
        var calls = 0
        let call: () -> CInt = {
            calls += 1
            errno = number
            return calls < 3 ? -1 : 0
        }
        switch number {
        case EAGAIN: #expect(try systemCallIfReady("test", call) == nil && calls == 1)
        case EINTR: #expect(try systemCall("test", call) == 0 && calls == 3)
        default: #expect(throws: SystemError("test", errno: number)) { try systemCall("test", call) }
        }
    }
}
