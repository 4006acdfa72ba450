// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Appends whole lines to a descriptor and never lets one run into another.
struct LineOutput: Sendable {
    /// Whether the last write ended in the middle of a line.
    private var isTorn = false

    init() {}

    /// Writes lines, which end with a newline each. `count` is how many they are.
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

    /// Forgets the line that is torn: what follows goes to another file.
    mutating func beginFile() {
        isTorn = false
    }
}
