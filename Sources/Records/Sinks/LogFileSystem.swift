// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The calls that a log file needs, so that a test can have a disk that is full, slow or gone.
protocol LogFileSystem: Sendable {
    /// Opens a file to append to it, and makes it if there is none.
    func open(_ path: String) throws(SystemError) -> OwnedDescriptor

    /// Appends as many of the bytes from `offset` on as the file takes, at least one. Waits while it takes none, until
    /// it is abandoned.
    func write(_ raw: CInt, _ bytes: [UInt8], from offset: Int) throws(SystemError) -> Int

    /// What a descriptor refers to.
    func identity(of raw: CInt) throws(SystemError) -> FileIdentity

    /// What a path leads to.
    func identity(of path: String) throws(SystemError) -> FileIdentity

    /// Nanoseconds of the monotonic clock.
    var now: UInt64 { get }

    /// Gives a write up that waits for a second or more.
    func abandon()

    /// What writes lines to what a descriptor refers to.
    func output(to raw: CInt) -> SharedOutput
}

extension LogFileSystem {
    /// Nothing waits.
    func abandon() {}

    /// Nothing else leads there.
    func output(to raw: CInt) -> SharedOutput { SharedOutput() }
}

/// What makes two names lead to the same file, and whether any name does.
struct FileIdentity: Equatable, Sendable {
    /// The file system.
    var device: UInt64

    /// The number of the file in it.
    var inode: UInt64

    /// Whether the last name of the file was removed.
    var isUnlinked: Bool
}
