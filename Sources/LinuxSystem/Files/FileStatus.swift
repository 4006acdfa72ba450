// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// What stat(2) returns for a file, and what this process may do with it.
package struct FileStatus: Equatable, Sendable {
    /// The type of a file.
    package enum Kind: String, Sendable {
        case regular = "a file"
        case directory = "a directory"
        case socket = "a socket"
        case pipe = "a named pipe"
        case device = "a device"
        case other = "neither a file nor a directory"
    }

    /// The type of the file.
    package var kind: Kind

    /// The permission bits.
    package var mode: UInt32

    /// Owner and group.
    package var owner: UInt32
    package var group: UInt32

    /// Whether this process may read, write, execute it: faccessat(2) with AT_EACCESS.
    ///
    /// That uses the effective user, and respects access lists and read-only file systems.
    package var mayRead: Bool
    package var mayWrite: Bool
    package var mayExecute: Bool

    /// Identify the file: two paths with the same device and inode are one file. 0 in tests that do not need them.
    package var device: UInt64
    package var inode: UInt64

    /// Makes a status.
    package init(
        _ kind: Kind, mode: UInt32, owner: UInt32 = 0, group: UInt32 = 0, mayRead: Bool = true, mayWrite: Bool = true,
        mayExecute: Bool = true, device: UInt64 = 0, inode: UInt64 = 0
    ) {
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.group = group
        self.mayRead = mayRead
        self.mayWrite = mayWrite
        self.mayExecute = mayExecute
        self.device = device
        self.inode = inode
    }

    /// Queries the file at a path: stat(2), which follows symbolic links.
    package init(of path: String) throws(SystemError) {
        var status = stat()
        let name = path.utf8CString
        // unsafe: the array is a C string, and `status` a local; both live for the call.
        try unsafe name.withUnsafeBufferPointer { (name) throws(SystemError) in
            let start = unsafe name.baseAddress.unsafelyUnwrapped
            _ = try systemCall("stat") { unsafe stat(start, &status) }
        }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFSOCK: .socket
            case S_IFIFO: .pipe
            case S_IFCHR, S_IFBLK: .device
            default: .other
            }
        // unsafe: the string is valid for each call.
        let may = { (mode: CInt) in unsafe faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 }
        self.init(
            kind, mode: UInt32(status.st_mode & 0o7777), owner: status.st_uid, group: status.st_gid, mayRead: may(R_OK),
            mayWrite: may(W_OK), mayExecute: may(X_OK), device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// The mode as ls(1) shows it: `drwxr-x---`.
    package var modeText: String {
        let first =
            switch kind {
            case .directory: "d"
            case .socket: "s"
            case .pipe: "p"
            case .device: "c"
            case .regular, .other: "-"
            }
        return stride(from: 6, through: 0, by: -3).reduce(first) { text, shift in
            let bits = mode >> UInt32(shift)
            return text + (bits & 4 != 0 ? "r" : "-") + (bits & 2 != 0 ? "w" : "-") + (bits & 1 != 0 ? "x" : "-")
        }
    }
}
