// SPDX-License-Identifier: Apache-2.0

#if FAULT_INJECTION
    import CLinux

    /// Makes system calls fail, for tests; a release build does not contain it.
    ///
    /// Concurrency: the state belongs to the thread, so tests that run side by side do not meet.
    package enum FaultInjection {
        /// Runs `body` with the `number`th system call from now on this thread failing with `errno`.
        ///
        /// - Parameters:
        ///   - errno: the error; 0 makes the call return 0 without doing anything.
        ///   - operation: which calls count; nil counts all.
        /// - Returns: whether the body got as far as that call.
        package static func failing(
            call number: Int, with errno: CInt, of operation: StaticString? = nil, _ body: () -> Void
        ) -> Bool {
            // unsafe: the C side returns this thread's own struct, which lives as long as the thread.
            let fault = unsafe clinux_fault()
            // unsafe: a literal lives as long as the process.
            let name = unsafe operation.map {
                unsafe UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self)
            }
            unsafe fault?.pointee = clinux_fault(countdown: number, number: errno, operation: name)
            body()
            let reached = unsafe fault?.pointee.countdown == 0
            unsafe fault?.pointee = clinux_fault()
            return reached
        }

        /// The error that the call about to be made must fail with, if it is the one.
        ///
        /// epoll_wait(2) on a good descriptor can only be interrupted, so it neither fails nor counts.
        package static func next(for operation: StaticOperation) -> CInt? {
            // unsafe: as above.
            guard let fault = unsafe clinux_fault(), unsafe fault.pointee.countdown > 0, operation != "epoll_wait"
            else { return nil }
            // unsafe: both are literals, which end with a zero.
            if let wanted = unsafe fault.pointee.operation, unsafe operation.description != String(cString: wanted) {
                return nil
            }
            unsafe fault.pointee.countdown -= 1
            return unsafe fault.pointee.countdown == 0 ? fault.pointee.number : nil
        }
    }
#endif
