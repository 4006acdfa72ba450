// SPDX-License-Identifier: Apache-2.0

/// How a direction moves bytes: copied through the lane's buffer, or spliced through a pipe (splice(2)).
///
/// Copying is cheaper for short transfers, splicing for long ones (README, "Fast"). A direction starts with copying,
/// switches to splicing when several reads in a row fill the buffer, and back when several in a row are short.
public enum TransferMode: Equatable {
    /// Copies. `full` reads in a row have filled the buffer.
    case copying(full: UInt8)

    /// Splices. `short` reads in a row were short.
    case splicing(short: UInt8)

    /// Copies only: the sockets do not support splice(2).
    case onlyCopying

    /// How many full reads in a row switch to splicing.
    public static let fullReads: UInt8 = 2

    /// How many short reads in a row switch to copying.
    public static let shortReads: UInt8 = 4

    /// A spliced read below this many bytes is short.
    public static let shortLength = 16 << 10

    /// Notes the length of a read, and whether it filled the buffer.
    @inlinable public mutating func moved(_ count: Int, filled: Bool) {
        switch self {
        case .copying(let full):
            if !filled {
                self = .copying(full: 0)
            } else {
                self = full + 1 < Self.fullReads ? .copying(full: full + 1) : .splicing(short: 0)
            }
        case .splicing(let short):
            if count >= Self.shortLength {
                self = .splicing(short: 0)
            } else {
                self = short + 1 < Self.shortReads ? .splicing(short: short + 1) : .copying(full: 0)
            }
        case .onlyCopying:
            break
        }
    }

    /// Notes that no pipe is available: copies until reads fill the buffer again.
    @inlinable public mutating func pipeUnavailable() {
        if case .splicing = self { self = .copying(full: 0) }
    }
}
