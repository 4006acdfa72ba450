// SPDX-License-Identifier: Apache-2.0

/// One mistake in the text of an ``Endpoint``.
public struct EndpointMistake: Error, Hashable, Sendable {
    /// The kind of mistake, for programs.
    public enum Kind: Hashable, Sendable {
        case tooLong
        case missingScheme, unknownScheme
        case missingLocation, unexpectedPath
        case badHost, unbracketedIPv6
        case missingPort, badPort, portOutOfRange
        case relativePath, pathTooLong, badPath, badEscape
        case badContext, badInterface, badName
        case unknownOption, optionNotForScheme, repeatedOption, badOption
    }

    /// The kind of the mistake.
    public let kind: Kind

    /// The wrong bytes of the text; empty if something is missing.
    public let range: Range<Int>

    /// What is wrong, as a sentence without a full stop.
    public let message: String

    /// How to correct it, if that is known.
    public let help: String?
}

/// A text that is not an ``Endpoint``.
public struct EndpointSyntaxError: Error, Hashable, Sendable {
    /// The mistakes, in order of their place; at least one.
    public let mistakes: [EndpointMistake]
}

extension EndpointSyntaxError: CustomStringConvertible {
    /// The mistakes and their help, one after the other.
    public var description: String {
        mistakes.map { mistake in mistake.help.map { "\(mistake.message) (\($0))" } ?? mistake.message }
            .joined(separator: "; ")
    }
}
