// SPDX-License-Identifier: Apache-2.0

/// A place in a document, as editors count it.
public struct SourcePlace: Sendable, Hashable {
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in Unicode scalars. A tab counts as one.
    public var column: Int

    /// Makes the place at `line` and `column`, both counted from 1.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
