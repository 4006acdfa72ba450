// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Makes a system call, and repeats it after EINTR; a failure becomes a ``SystemError``.
///
/// Nearly every system call of the daemon that can fail goes through here, so this is where a test makes calls fail
/// (``FaultInjection``) and where a bug of the program is noticed (``OwnBug``). The closure must not capture anything
/// reference-counted: a release between the call and the reading of `errno` could change `errno`.
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

/// As ``systemCall(_:_:)``, but returns nil for `EAGAIN`.
///
/// A socket that is not ready is the common case, so it is not thrown as an error.
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
