// SPDX-License-Identifier: Apache-2.0

/// Cuts bytes into lines, independent of how reads split them.
public struct LineCutter: Sendable {
    private var beginning: [UInt8] = []

    /// Makes one without input.
    public init() {}

    /// Adds bytes.
    ///
    /// - Returns: the lines that are complete, without their line feeds.
    public mutating func add(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(beginning + rest[..<end])
            beginning = []
            rest = rest[(end + 1)...]
        }
        beginning += rest
        return lines
    }

    /// Returns and removes the bytes behind the last line feed; nil if there are none.
    public mutating func takeRest() -> [UInt8]? {
        defer { beginning = [] }
        return beginning.isEmpty ? nil : beginning
    }
}
