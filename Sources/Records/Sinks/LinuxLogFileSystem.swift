// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Synchronization

/// The kernel's own files.
///
/// Concurrency: may be used from any thread.
final class LinuxLogFileSystem: LogFileSystem {
    private let isAbandoned = Atomic(false)

    /// Milliseconds between two looks at whether anybody still needs what waits to be written.
    private static let lookInterval: CInt = 1000

    /// Opens with O_APPEND, so that each write lands at the end whoever else writes, and with mode 0640 less the umask.
    ///
    /// O_NONBLOCK is for a FIFO, which otherwise would hold the start of the daemon up until somebody reads it; a file
    /// does not mind it. ``write(_:_:)`` waits all the same.
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

    /// What a pipe has room for when poll(2) says that it has room: PIPE_BUF, pipe(7).
    private static let pipeBuffer = 4096

    func write(_ raw: CInt, _ bytes: [UInt8], from offset: Int) throws(SystemError) -> Int {
        // What the process was given as its streams may block in write(2), where nobody could give up.
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
            if try systemCall("poll", { unsafe poll(&ready, 1, Self.lookInterval) }) != 0 { return }
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
