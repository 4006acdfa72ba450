// SPDX-License-Identifier: Apache-2.0

/// Why a line cannot be decoded, and how to write it.
public struct TextMistake: Error, Equatable, Sendable {
    /// A sentence without a full stop.
    public let message: String

    /// Makes a mistake.
    public init(_ message: String) {
        self.message = message
    }
}
