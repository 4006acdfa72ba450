// SPDX-License-Identifier: Apache-2.0

#if FAULT_INJECTION
    import CLinux

    /// Makes system calls fail, for tests; a release build does not contain it.
    ///
    /// Concurrency: the state is thread-local, so tests that run in parallel do not affect each other.
    package enum FaultInjection {
        /// Runs `body`; the `number`th system call that this thread makes in it fails with `errno`.
        ///
        /// - Parameters:
        ///   - errno: the error; 0 makes the call return 0 without doing anything.
        ///   - operation: which calls count; nil counts all.
        /// - Returns: whether the body reached that call.
        package static func failing(
            call number: Int, with errno: CInt, of operation: StaticString? = nil, _ body: () -> Void
        ) -> Bool {
            // unsafe: the C function returns this thread's own struct, which lives as long as the thread.
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

        /// The error with which the call that is about to be made must fail; nil if it must not.
        ///
        /// epoll_wait(2) on a valid descriptor fails only with EINTR, so it is exempt and not counted.
        package static func next(for operation: StaticOperation) -> CInt? {
            // unsafe: as above.
            guard let fault = unsafe clinux_fault(), unsafe fault.pointee.countdown > 0, operation != "epoll_wait"
            else { return nil }
            // unsafe: both are NUL-terminated literals.
            if let wanted = unsafe fault.pointee.operation, unsafe operation.description != String(cString: wanted) {
                return nil
            }
            unsafe fault.pointee.countdown -= 1
            return unsafe fault.pointee.countdown == 0 ? fault.pointee.number : nil
        }
    }
#endif
