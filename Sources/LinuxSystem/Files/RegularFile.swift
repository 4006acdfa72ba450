// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Reads whole files of bounded size.
public enum RegularFile {
    /// The bytes of the file at `path`.
    ///
    /// Never waits: the path is opened with O_NONBLOCK, and anything but a regular file (a pipe without a writer, a terminal) is
    /// refused. Never reads more than one byte beyond `limit`, even if the file grows meanwhile.
    ///
    /// - Throws: why the file could not be read.
    public static func read(_ path: String, limit: Int) throws(FileReadFailure) -> [UInt8] {
        let outcome: Outcome
        do throws(SystemError) {
            outcome = try open(path, limit: limit)
        } catch {
            throw .system(error)
        }
        switch outcome {
        case .bytes(let bytes) where bytes.count <= limit: return bytes
        case .bytes, .tooLarge: throw .tooLarge(limit: limit)
        case .notAFile(let kind): throw .notAFile(kind: kind)
        }
    }

    private enum Outcome {
        case bytes([UInt8])
        case notAFile(String)
        case tooLarge
    }

    private static func open(_ path: String, limit: Int) throws(SystemError) -> Outcome {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        // unsafe: the string is valid for the call.
        let file = OwnedDescriptor(adopting: try systemCall("open") { unsafe Glibc.open(path, flags) })
        let raw = file.raw
        var status = stat()
        // unsafe: a local.
        _ = try systemCall("fstat") { unsafe fstat(raw, &status) }
        if let kind = kind(of: status.st_mode) { return .notAFile(kind) }
        guard status.st_size <= limit else { return .tooLarge }
        // The size is only a hint: files of procfs report 0, and a file may grow; `limit` bounds the read.
        return .bytes(try contents(of: raw, expected: Int(status.st_size), limit: limit))
    }

    private static func contents(of raw: CInt, expected: Int, limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expected)
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= limit {
            let wanted = min(buffer.count, limit + 1 - bytes.count)
            // unsafe: `wanted` is at most the size of the buffer, which lives for the call.
            let count = try systemCall("read") { unsafe Glibc.read(raw, &buffer, wanted) }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return bytes
    }

    /// The type of a file with its article; nil for a regular file.
    private static func kind(of mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a directory"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "no regular file"
        }
    }
}
