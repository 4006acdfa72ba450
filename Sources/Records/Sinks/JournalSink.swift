// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import LinuxSystem

/// Sends records to the systemd journal: sd_journal_sendv(3), one entry for each record.
///
/// Concurrency: used on the thread of its destination alone; it has no state of its own.
final class JournalSink: RecordSink {
    let destination = RecordDestination.journal
    let encoding = RecordEncoding.journal

    /// The socket of journald; libsystemd uses this path.
    private static let socketPath: StaticString = "/run/systemd/journal/socket"

    /// Checks that there is a journal.
    init() throws(SystemError) {
        try Self.findJournal()
    }

    func write(_ bytes: [UInt8], count: Int) -> SinkOutcome {
        var written = 0
        do throws(SystemError) {
            try Self.findJournal()
            var frames = JournalFrames(bytes)
            var fields: [Range<Int>] = []
            var vectors: [iovec] = unsafe []
            while frames.next(fields: &fields) {
                try unsafe Self.send(fields, of: bytes, using: &vectors)
                written += 1
            }
            return SinkOutcome(written: written)
        } catch {
            return SinkOutcome(written: written, lost: count - written, error: error)
        }
    }

    func reopen() -> Bool { false }

    /// Throws if there is no journal: then sd_journal_sendv(3) reports success, and records would be lost silently.
    private static func findJournal() throws(SystemError) {
        // unsafe: a literal ends with a NUL and lives as long as the program.
        let path = unsafe UnsafeRawPointer(socketPath.utf8Start).assumingMemoryBound(to: CChar.self)
        _ = try systemCall("access") { unsafe access(path, F_OK) }
    }

    private static func send(
        _ fields: [Range<Int>], of bytes: [UInt8], using vectors: inout [iovec]
    ) throws(SystemError) {
        unsafe vectors.removeAll(keepingCapacity: true)
        // unsafe: the vectors point into `bytes` and are used while its pointer lives; libsystemd only reads through them.
        try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
            for field in fields {
                let part = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[field]))
                let start = unsafe UnsafeMutableRawPointer(mutating: part.baseAddress)
                unsafe vectors.append(iovec(iov_base: start, iov_len: part.count))
            }
            let count = CInt(fields.count)
            try unsafe vectors.withUnsafeBufferPointer { (vectors) throws(SystemError) in
                let start = vectors.baseAddress
                _ = try systemCall("sd_journal_sendv") {
                    let result = unsafe sd_journal_sendv(start, count)
                    if result < 0 { errno = -result }
                    return result
                }
            }
        }
    }
}
