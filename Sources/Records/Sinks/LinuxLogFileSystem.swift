// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization

/// The system calls of a log file.
///
/// Concurrency: may be used from any thread.
final class LinuxLogFileSystem: LogFileSystem {
    private let isAbandoned = Atomic(false)

    /// Milliseconds between two checks whether a blocked write was abandoned.
    private static let checkInterval: CInt = 1000

    /// Opens with O_APPEND, so that each write goes to the end even with other writers, and with mode 0640 less the umask.
    ///
    /// O_NONBLOCK is for a FIFO: its open would block the start of the daemon until another process reads from it. It does not
    /// affect a regular file. ``write(_:_:from:)`` waits in poll(2) instead.
    func open(_ path: String) throws(SystemError) -> OwnedDescriptor {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let name = path.utf8CString
        // unsafe: the array is a C string, so it is not empty, and its pointer lives for the call.
        let raw = try unsafe name.withUnsafeBufferPointer { (name) throws(SystemError) in
            let start = unsafe name.baseAddress.unsafelyUnwrapped
            return try systemCall("open") { unsafe Glibc.open(start, flags, 0o640) }
        }
        return OwnedDescriptor(adopting: raw)
    }

    /// A pipe that poll(2) reports as writable accepts PIPE_BUF bytes: pipe(7).
    private static let pipeBuffer = 4096

    func write(_ raw: CInt, _ bytes: [UInt8], from offset: Int) throws(SystemError) -> Int {
        // Inherited standard streams may be blocking; a blocked write(2) could not be abandoned.
        let mayBlock = fcntl(raw, F_GETFL) & O_NONBLOCK == 0
        // unsafe: the pointer lives for the call; the slice is checked against the array's bounds.
        return try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
            let rest = unsafe UnsafeBufferPointer(rebasing: bytes[offset...])
            while true {
                if mayBlock { try waitForRoom(raw) }
                let most = mayBlock ? min(rest.count, Self.pipeBuffer) : rest.count
                let count = try systemCallIfReady("write") { unsafe Glibc.write(raw, rest.baseAddress, most) }
                if let count {
                    if count > 0 { return count }
                    throw SystemError("write", errno: EIO)
                }
                if !mayBlock { try waitForRoom(raw) }
            }
        }
    }

    private func waitForRoom(_ raw: CInt) throws(SystemError) {
        while true {
            var ready = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
            // unsafe: a local.
            if try systemCall("poll", { unsafe poll(&ready, 1, Self.checkInterval) }) != 0 { return }
            if isAbandoned.load(ordering: .relaxed) { throw SystemError("write", errno: EAGAIN) }
        }
    }

    func identity(of raw: CInt) throws(SystemError) -> FileIdentity {
        var status = stat()
        // unsafe: a pointer to a local, for the call.
        _ = try systemCall("fstat") { unsafe fstat(raw, &status) }
        return FileIdentity(status)
    }

    func identity(of path: String) throws(SystemError) -> FileIdentity {
        var status = stat()
        let name = path.utf8CString
        // unsafe: the array is a C string, and `status` a local, for the length of the call.
        try unsafe name.withUnsafeBufferPointer { (name) throws(SystemError) in
            let start = unsafe name.baseAddress.unsafelyUnwrapped
            _ = try systemCall("stat") { unsafe stat(start, &status) }
        }
        return FileIdentity(status)
    }

    var now: UInt64 { Clock.monotonic }

    func output(to raw: CInt) -> SharedOutput {
        guard let identity = try? identity(of: raw) else { return SharedOutput() }
        return SharedOutput.leading(to: identity)
    }

    func abandon() { isAbandoned.store(true, ordering: .relaxed) }
}

extension FileIdentity {
    fileprivate init(_ status: stat) {
        self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino), isUnlinked: status.st_nlink == 0)
    }
}
