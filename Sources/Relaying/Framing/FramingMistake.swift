// SPDX-License-Identifier: Apache-2.0

/// What cannot be framed, or is no frame.
package enum FramingMistake: Error, Equatable {
    /// The message is longer than ``Configuration/Framing/longestMessage``.
    case tooLong

    /// The message holds a line feed before its end, and would become more than one line.
    case holdsLineFeed

    /// The stream has ended within a message.
    case truncated
}
