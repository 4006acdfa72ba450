// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Reads and makes directories.
public enum Directory {
    /// The names in a directory, in the kernel's order, without `.` and `..`; empty if there is no such directory.
    ///
    /// Names are bytes: Linux does not define their encoding.
    ///
    /// - Throws: the error of opendir(3) or readdir(3).
    public static func names(in path: String) throws(SystemError) -> [[UInt8]] {
        // unsafe: the string is valid for the call.
        guard let stream = unsafe opendir(path) else {
            if errno == ENOENT { return [] }
            throw SystemError("opendir", errno: errno)
        }
        // unsafe: this function opened the stream, and this is its last use.
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            // readdir(3) returns NULL both at the end and on failure; only errno tells them apart.
            errno = 0
            // unsafe: the stream is open.
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw SystemError("readdir", errno: errno) }
                return names
            }
            // unsafe: `d_name` ends with a NUL within the entry, which lives until the next readdir.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            if name != [UInt8(ascii: ".")], name != [UInt8(ascii: "."), UInt8(ascii: ".")] { names.append(name) }
        }
    }

    /// Makes a directory with these permissions, whatever the umask is.
    ///
    /// - Throws: the error of mkdir(2), such as `EEXIST`, or of chmod(2).
    public static func make(_ path: [UInt8], mode: UInt32) throws(SystemError) {
        let path = path.map { CChar(bitPattern: $0) } + [0]
        // unsafe: both strings end in NUL and live for the call.
        _ = try systemCall("mkdir") { unsafe mkdir(path, mode) }
        _ = try systemCall("chmod") { unsafe chmod(path, mode) }
    }
}
