// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The system calls of a log file, so that a test can simulate a full, slow or missing disk.
protocol LogFileSystem: Sendable {
    /// Opens a file for appending; creates it if it does not exist.
    func open(_ path: String) throws(SystemError) -> OwnedDescriptor

    /// Appends at least one of the bytes from `offset` on. Waits while the file accepts none, until it is abandoned.
    func write(_ raw: CInt, _ bytes: [UInt8], from offset: Int) throws(SystemError) -> Int

    /// The identity of the file behind a descriptor.
    func identity(of raw: CInt) throws(SystemError) -> FileIdentity

    /// The identity of the file at a path.
    func identity(of path: String) throws(SystemError) -> FileIdentity

    /// Nanoseconds of the monotonic clock.
    var now: UInt64 { get }

    /// Gives up a blocked write, within about a second.
    func abandon()

    /// The shared output for the file behind a descriptor.
    func output(to raw: CInt) -> SharedOutput
}

extension LogFileSystem {
    /// Does nothing: no write waits.
    func abandon() {}

    /// A new output: no other destination leads to the file.
    func output(to raw: CInt) -> SharedOutput { SharedOutput() }
}

/// Identifies a file, and whether it still has a name.
struct FileIdentity: Equatable, Sendable {
    /// The file system.
    var device: UInt64

    /// The inode number.
    var inode: UInt64

    /// Whether the last name of the file was removed.
    var isUnlinked: Bool
}
