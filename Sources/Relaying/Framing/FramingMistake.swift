// SPDX-License-Identifier: Apache-2.0

/// Why a message cannot be framed, or a stream cannot be decoded.
package enum FramingMistake: Error, Equatable {
    /// The message is longer than ``Framing/longestMessage``.
    case tooLong

    /// The message contains a line feed before its end, and would become more than one line.
    case holdsLineFeed

    /// The stream ended within a message.
    case truncated
}
