// SPDX-License-Identifier: Apache-2.0

/// How far one direction of a relay has come: what one peer, the source, sends to the other, the destination.
///
/// Bytes go through as they come. What the destination does not take is held, and until it has gone nothing more is read:
/// so the slow peer stops the fast one. When the source has finished, its end is passed on behind its last byte, as a
/// half-close, and the other direction lives on (RFC 9293, 3.6).
public enum RelayDirection: Hashable, Sendable {
    /// Nothing is held; what comes goes through.
    case flowing

    /// Bytes are held that the destination does not take.
    case holding

    /// The source has ended while bytes are held.
    case draining(SourceEnd)

    /// All that came has gone, and the source has ended.
    case over(SourceEnd)

    /// The destination is gone: nothing can be passed any more.
    case cut

    /// How a source ends.
    public enum SourceEnd: Hashable, Sendable {
        /// It has said all that it had to say.
        case finished
        /// It is gone.
        case broken
    }

    /// What to do now.
    public enum Action: Equatable {
        /// Nothing.
        case none
        /// Tell the destination that no more comes.
        case finishDestination
    }

    /// All of them, in the order of their numbers for another process: none may get another number.
    package static let all: [Self] = [
        .flowing, .holding, .draining(.finished), .draining(.broken), .over(.finished), .over(.broken), .cut,
    ]

    /// Whether nothing will be read or written in this direction any more.
    @inlinable public var isOver: Bool {
        switch self {
        case .over, .cut: true
        case .flowing, .holding, .draining: false
        }
    }

    /// Whether bytes are held for the destination.
    @inlinable public var isHolding: Bool {
        switch self {
        case .holding, .draining: true
        case .flowing, .over, .cut: false
        }
    }

    /// Bytes came, and not all of them went.
    @inlinable public mutating func held() {
        if self == .flowing { self = .holding }
    }

    /// All that was held has gone.
    @inlinable public mutating func drained() -> Action {
        switch self {
        case .holding:
            self = .flowing
            return .none
        case .draining(let end):
            return finish(end)
        case .flowing, .over, .cut:
            return .none
        }
    }

    /// Nothing more comes from the source.
    @inlinable public mutating func sourceEnded(_ end: SourceEnd) -> Action {
        switch self {
        case .flowing:
            return finish(end)
        case .holding:
            self = .draining(end)
            return .none
        // A source that has finished may still break; what is held goes first, and the destination hears of it then.
        case .draining(.finished):
            self = .draining(end)
            return .none
        case .draining(.broken), .over, .cut:
            return .none
        }
    }

    /// The destination takes nothing any more.
    @inlinable public mutating func destinationBroke() {
        switch self {
        case .flowing, .holding, .draining: self = .cut
        case .over, .cut: break
        }
    }

    @inlinable mutating func finish(_ end: SourceEnd) -> Action {
        self = .over(end)
        return end == .finished ? .finishDestination : .none
    }
}
