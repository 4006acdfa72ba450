// SPDX-License-Identifier: Apache-2.0

/// A line that does not stand for bytes: what is wrong with it and how to write it.
public struct TextMistake: Error, Equatable, Sendable {
    /// A sentence without a full stop.
    public let message: String

    /// Makes a mistake.
    public init(_ message: String) {
        self.message = message
    }
}
