// SPDX-License-Identifier: Apache-2.0

/// A range of a document, as half-open byte offsets.
///
/// An empty range marks a point between two bytes: where something is missing, or the end of the document.
public struct SourceRange: Sendable, Hashable {
    /// The offset of the first byte.
    public var start: Int
    /// The offset after the last byte; never less than `start`.
    public var end: Int

    /// Makes the range of the bytes `start ..< end`.
    public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }
}
