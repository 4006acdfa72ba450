// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Reads directories.
public enum Directory {
    /// The names in a directory, in the kernel's order, without `.` and `..`; none if there is no such directory.
    ///
    /// - Throws: why it could not be read.
    public static func names(in path: String) throws(SystemError) -> [String] {
        // unsafe: the string is valid for the call.
        guard let stream = unsafe opendir(path) else {
            if errno == ENOENT { return [] }
            throw SystemError("opendir", errno: errno)
        }
        // unsafe: the stream is ours, and this is its last use.
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // readdir(3) tells its end from a failure by errno alone.
            errno = 0
            // unsafe: the stream is open.
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw SystemError("readdir", errno: errno) }
                return names
            }
            // unsafe: `d_name` is closed by a NUL within the entry, which lives until the next readdir.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}
