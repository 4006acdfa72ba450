// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// Appends whole lines to a descriptor; a line that was cut off by an error is ended first.
struct LineOutput: Sendable {
    /// Whether the last write ended in the middle of a line.
    private var isTorn = false

    init() {}

    /// Writes lines, each ending with a newline. `count` is their number.
    mutating func write(
        _ bytes: [UInt8], count: Int, to raw: CInt, of system: any LogFileSystem
    ) -> SinkOutcome {
        var offset = 0
        do throws(SystemError) {
            if isTorn {
                _ = try system.write(raw, [UInt8(ascii: "\n")], from: 0)
                isTorn = false
            }
            while offset < bytes.count { offset += try system.write(raw, bytes, from: offset) }
            return SinkOutcome(written: count)
        } catch {
            if offset > 0 { isTorn = bytes[offset - 1] != UInt8(ascii: "\n") }
            let written = bytes[..<offset].count { $0 == UInt8(ascii: "\n") }
            return SinkOutcome(written: written, lost: count - written, error: error)
        }
    }
}

/// The output to one file, pipe, terminal or socket, shared by all destinations that lead to it.
///
/// Two streams of the process may share it, or a destination before and after a reload: they write in turn, whole lines each.
///
/// Concurrency: used on the threads of these destinations; one waits while another writes.
final class SharedOutput: Sendable {
    private let lines = Mutex(LineOutput())

    /// The outputs in use, by the identity of their file.
    private static let known = Mutex<[Known]>([])

    private struct Known: Sendable {
        let identity: FileIdentity
        weak var output: SharedOutput?
    }

    init() {}

    /// The shared output for a file.
    static func leading(to identity: FileIdentity) -> SharedOutput {
        known.withLock { known in
            known.removeAll { $0.output == nil }
            let same = known.first { $0.identity.device == identity.device && $0.identity.inode == identity.inode }
            if let output = same?.output { return output }
            let output = SharedOutput()
            known.append(Known(identity: identity, output: output))
            return output
        }
    }

    /// Writes lines: see ``LineOutput/write(_:count:to:of:)``.
    func write(_ bytes: [UInt8], count: Int, to raw: CInt, of system: any LogFileSystem) -> SinkOutcome {
        lines.withLock { $0.write(bytes, count: count, to: raw, of: system) }
    }
}
