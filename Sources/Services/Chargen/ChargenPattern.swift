// SPDX-License-Identifier: Apache-2.0

/// The lines of RFC 864.
///
/// Each has 72 of the 95 printable ASCII characters and begins one character further.
enum ChargenPattern {
    /// The characters of a line.
    static let width = 72

    /// The length of a line in bytes, including CR LF.
    static let lineLength = width + 2

    /// The length in bytes of the repeating pattern: as many lines as there are characters.
    static let cycleLength = 95 * lineLength

    /// Several cycles in a row.
    ///
    /// So one system call can write many bytes from any position in the first cycle.
    static let bytes: [UInt8] = {
        let cycles = 9
        var bytes: [UInt8] = []
        bytes.reserveCapacity(cycles * cycleLength)
        for line in 0..<cycles * 95 { append(line: line, to: &bytes) }
        return bytes
    }()

    private static func append(line: Int, to bytes: inout [UInt8]) {
        for column in 0..<width { bytes.append(UInt8(ascii: " ") + UInt8((line + column) % 95)) }
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
