// SPDX-License-Identifier: Apache-2.0

/// How a direction moves its bytes: copied through the lane's buffer, or spliced through a pipe.
///
/// A copy is cheaper for what is short, and a splice for what is long (README, "Fast"). So each begins by copying, goes
/// over to splicing when several reads in a row fill the buffer, and comes back when several in a row are short.
public enum TransferMode: Equatable {
    /// Copies; so many reads in a row have filled the buffer.
    case copying(full: UInt8)

    /// Splices; so many reads in a row were short.
    case splicing(short: UInt8)

    /// Copies for good: the sockets cannot be spliced.
    case onlyCopying

    /// How many full reads make it splice.
    public static let fullReads: UInt8 = 2

    /// How many short reads make it copy.
    public static let shortReads: UInt8 = 4

    /// How long a spliced read has to be, or it is short.
    public static let shortLength = 16 << 10

    /// A read brought so many bytes.
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

    /// There is no pipe to be had: copies until reads fill the buffer again.
    @inlinable public mutating func lackedPipe() {
        if case .splicing = self { self = .copying(full: 0) }
    }
}
