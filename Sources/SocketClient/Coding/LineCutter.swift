// SPDX-License-Identifier: Apache-2.0

/// Cuts bytes into lines as they come.
public struct LineCutter: Sendable {
    private var beginning: [UInt8] = []

    /// Makes one that has seen nothing.
    public init() {}

    /// Takes bytes.
    ///
    /// - Returns: the lines that have ended, without their line feeds.
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

    /// What stands behind the last line feed; nil if nothing does. Afterwards it has seen nothing.
    public mutating func takeRest() -> [UInt8]? {
        defer { beginning = [] }
        return beginning.isEmpty ? nil : beginning
    }
}
