// SPDX-License-Identifier: Apache-2.0

/// The lines of RFC 864: 72 of the 95 printing characters of ASCII each, every line beginning one character further.
enum ChargenPattern {
    /// The characters of a line.
    static let width = 72

    /// The bytes of a line, with its CR LF.
    static let lineLength = width + 2

    /// The bytes after which the lines come again: as many lines as there are characters.
    static let cycleLength = 95 * lineLength

    /// Several cycles in a row, so that one system call can offer much from any place in the first.
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
