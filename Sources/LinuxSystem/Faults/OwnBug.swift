// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ends the process when a system call fails in a way that only a bug of the program explains. To go on would mean to
/// retry for ever, or to write to a descriptor that belongs to another connection by now; the service manager starts it
/// again.
public enum OwnBug {
    /// What is done before the process ends, with the sentence that says why; and the thread that does it.
    private static let lastAct = Mutex<(act: (@Sendable (String) -> Void)?, thread: pthread_t?)>((nil, nil))

    /// How long the last act of another thread may take, in microseconds.
    private static let longestAct: useconds_t = 1_500_000

    /// Has `act` called before the process ends: to write the sentence to the log. It must return within a second or so.
    public static func beforeEnd(_ act: @escaping @Sendable (String) -> Void) {
        lastAct.withLock { $0.act = act }
    }

    /// Ends the process with ``ExitStatus/software``.
    package static func end(because error: SystemError) -> Never {
        let sentence =
            "a bug in this program: \(error) on a descriptor that it opened itself; exiting, systemd restarts it. Please report"
            + " this line"
        let here = pthread_self()
        // Taken, so that a bug in the last act does not come here again.
        let (act, actor) = lastAct.withLock { state in
            let taken = state.act.take()
            if taken != nil { state.thread = here }
            return (taken, state.thread)
        }
        if let act {
            act(sentence)
        } else if let actor, pthread_equal(actor, here) == 0 {
            // That one ends the process when it has written its sentence.
            usleep(longestAct)
        } else {
            let line = sentence + "\n"
            // unsafe: the string lives for the call.
            _ = unsafe line.withCString { unsafe write(2, $0, strlen($0)) }
        }
        _exit(ExitStatus.software)
    }

    /// Whether an error number of this call means that the descriptor, or the memory, was not what it had to be. These
    /// calls are only made on descriptors that the program has opened, or looked at when they were passed to it.
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
    /// The error of a call that has failed. Does not return if that proves a bug of the program.
    @inline(never)
    package init(failed operation: StaticOperation, errno number: CInt) {
        self.init(operation, errno: number)
        if OwnBug.isProved(by: number, of: operation) { OwnBug.end(because: self) }
    }
}
