// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Makes a system call until it is not interrupted; a failure becomes a ``SystemError``.
///
/// Every system call of the daemon goes through here, so this is the one place where a test can make any of them fail
/// (``FaultInjection``), and where a bug of the program is noticed (``OwnBug``). The closure must capture nothing that is reference counted: a release between the call and the
/// reading of `errno` could change it.
@inline(__always)
package func systemCall<Result: SignedInteger>(
    _ operation: StaticOperation, _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        #if FAULT_INJECTION
            if let number = FaultInjection.next(for: operation) {
                if number == EINTR { continue }
                if number == 0 { return 0 }
                throw SystemError(operation, errno: number)
            }
        #endif
        let result = call()
        if result >= 0 { return result }
        let number = errno
        if number != EINTR { throw SystemError(failed: operation, errno: number) }
    }
}

/// As ``systemCall(_:_:)``, for a call that may find nothing to do: nil stands for `EAGAIN`.
///
/// That a socket is not ready is what happens most of the time, so it is no error and nothing is thrown for it.
@inline(__always)
package func systemCallIfReady<Result: SignedInteger>(
    _ operation: StaticOperation, _ call: () -> Result
) throws(SystemError) -> Result? {
    while true {
        #if FAULT_INJECTION
            if let number = FaultInjection.next(for: operation) {
                if number == EAGAIN { return nil }
                if number == EINTR { continue }
                if number == 0 { return 0 }
                throw SystemError(operation, errno: number)
            }
        #endif
        let result = call()
        if result >= 0 { return result }
        let number = errno
        if number == EAGAIN { return nil }
        if number != EINTR { throw SystemError(failed: operation, errno: number) }
    }
}
