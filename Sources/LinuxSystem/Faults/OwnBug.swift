// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ends the process when a system call fails in a way that only a bug in the program explains.
///
/// Continuing could mean retrying for ever, or writing to a descriptor that by now belongs to another connection. The service
/// manager restarts the program.
public enum OwnBug {
    /// The handler to call before the process ends, with the sentence that says why; and the thread that runs it.
    private static let exitHandler = Mutex<(handler: (@Sendable (String) -> Void)?, thread: pthread_t?)>((nil, nil))

    /// How long a handler on another thread may take, in microseconds.
    private static let handlerTimeout: useconds_t = 1_500_000

    /// Sets the handler that writes the sentence to the log before the process ends. It must return within about a second.
    public static func setExitHandler(_ handler: @escaping @Sendable (String) -> Void) {
        exitHandler.withLock { $0.handler = handler }
    }

    /// Ends the process with ``ExitStatus/software``.
    package static func exit(because error: SystemError) -> Never {
        let sentence =
            "a bug in this program: \(error) on a descriptor that it opened itself; exiting, systemd restarts it. Please report"
            + " this line"
        let here = pthread_self()
        // Taken out, so that a bug in the handler does not run it again.
        let (handler, runner) = exitHandler.withLock { state in
            let taken = state.handler.take()
            if taken != nil { state.thread = here }
            return (taken, state.thread)
        }
        if let handler {
            handler(sentence)
        } else if let runner, pthread_equal(runner, here) == 0 {
            // The other thread ends the process after it has written its sentence.
            usleep(handlerTimeout)
        } else {
            let line = sentence + "\n"
            // unsafe: the string lives for the call.
            _ = unsafe line.withCString { unsafe write(2, $0, strlen($0)) }
        }
        _exit(ExitStatus.software)
    }

    /// Whether this error number of this call proves that a descriptor or a pointer was invalid.
    ///
    /// The program makes these calls only on descriptors that it opened itself, or checked when they were passed to it.
    static func isProved(by number: CInt, of operation: StaticOperation) -> Bool {
        guard number == EBADF || number == ENOTSOCK || number == EFAULT else { return false }
        switch operation.description {
        case "accept4", "bind", "connect", "listen", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvmsg",
            "recvmmsg",
            "splice", "shutdown", "epoll_ctl", "epoll_wait", "setsockopt", "getsockopt", "getsockname":
            return true
        default:
            return false
        }
    }
}

extension SystemError {
    /// Makes the error of a failed call. Does not return if the error proves a bug in the program.
    @inline(never)
    package init(failed operation: StaticOperation, errno number: CInt) {
        self.init(operation, errno: number)
        if OwnBug.isProved(by: number, of: operation) { OwnBug.exit(because: self) }
    }
}
