// SPDX-License-Identifier: Apache-2.0

/// Why a text is not an ``IPNetwork``.
public struct IPNetworkMistake: Error, Hashable, Sendable {
    /// What is wrong, as a sentence without a full stop.
    public let message: String

    /// How to correct it.
    public let help: String
}

extension IPNetworkMistake: CustomStringConvertible {
    /// Message and help in one line.
    public var description: String { "\(message) (\(help))" }
}
