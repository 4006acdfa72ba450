// SPDX-License-Identifier: Apache-2.0

/// Why a text is not an ``IPNetwork``.
public struct IPNetworkMistake: Error, Hashable, Sendable {
    /// What is wrong, as a sentence without a full stop.
    public let message: String

    /// How to mend it.
    public let help: String
}

extension IPNetworkMistake: CustomStringConvertible {
    /// Both in a line.
    public var description: String { "\(message) (\(help))" }
}
