// SPDX-License-Identifier: Apache-2.0

/// How long to wait before the next request for a resource that this host lacks.
///
/// Doubles each time, from 10 ms to 320 ms, since thousands may wait for the same resource.
package struct RetryPause {
    private static let first: UInt64 = 10_000_000
    private static let longest: UInt64 = 320_000_000

    private var next = Self.first

    /// The next pause, in nanoseconds.
    package mutating func take() -> UInt64 {
        defer { next = min(next * 2, Self.longest) }
        return next
    }

    /// Makes one in its initial state.
    package init() {}
}
