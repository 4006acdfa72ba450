// SPDX-License-Identifier: Apache-2.0

/// The limits for a document. Exceeding one is a problem, never a crash.
public struct TOMLLimits: Sendable, Hashable {
    /// 1 MiB, 64 levels, 100 problems.
    public static let `default` = TOMLLimits()

    /// The highest possible `depth`: parsing recurses once per level, and the stack of a thread is limited.
    public static let maximumDepth = 128

    /// The longest document, in bytes.
    public var size: Int
    /// The deepest nesting of tables, arrays and inline tables together, at most ``maximumDepth``.
    ///
    /// Each part of a dotted key is a level.
    public var depth: Int
    /// The number of problems after which parsing stops; one more then says so.
    public var problems: Int

    /// Makes limits of `size` bytes, `depth` levels and `problems` problems.
    public init(size: Int = 1 << 20, depth: Int = 64, problems: Int = 100) {
        self.size = size
        self.depth = depth
        self.problems = problems
    }
}
