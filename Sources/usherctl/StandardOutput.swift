// SPDX-License-Identifier: Apache-2.0

// unsafe: `stdout` is a variable of C, and this process has one thread.
@unsafe @preconcurrency import Glibc
import LinuxSystem

/// The buffered standard output that `print` writes to.
enum StandardOutput {
    /// Writes what is buffered.
    ///
    /// - Throws: why it, or something before it, could not be written.
    static func flush() throws(SystemError) {
        // unsafe: the stream exists as long as the process.
        let isWritten = unsafe fflush(stdout) == 0 && ferror(stdout) == 0
        if !isWritten { throw SystemError("write", errno: errno) }
    }
}
