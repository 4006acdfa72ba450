// SPDX-License-Identifier: Apache-2.0

/// The state of one direction of a relay, from its source peer to its destination peer.
///
/// Bytes that the destination does not take are held, and the source is not read until they are written, so a slow
/// destination slows the source down. EOF from the source is passed on after the last byte as a half-close; the other
/// direction continues (RFC 9293, 3.6).
public enum RelayDirection: Hashable, Sendable {
    /// Nothing is held; bytes are passed on as they arrive.
    case flowing

    /// Bytes are held that the destination has not taken.
    case holding

    /// The source has ended while bytes are held.
    case draining(SourceEnd)

    /// The source has ended, and all its bytes were written.
    case over(SourceEnd)

    /// The destination failed: nothing can be written any more.
    case cut

    /// How a source ended.
    public enum SourceEnd: Hashable, Sendable {
        /// It sent EOF.
        case finished
        /// It failed, or reset the connection.
        case broken
    }

    /// What the caller does next.
    public enum Action: Equatable {
        /// Nothing.
        case none
        /// Shut down the destination's write side: shutdown(2).
        case finishDestination
    }

    /// All states, in the order of their numbers for another process: a number must never change.
    package static let all: [Self] = [
        .flowing, .holding, .draining(.finished), .draining(.broken), .over(.finished), .over(.broken), .cut,
    ]

    /// Whether nothing is held and the source has not ended.
    @inlinable public var isFlowing: Bool {
        switch self {
        case .flowing: true
        case .holding, .draining, .over, .cut: false
        }
    }

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

    /// Notes that not all bytes of a read were written.
    @inlinable public mutating func held() {
        if self == .flowing { self = .holding }
    }

    /// Notes that all held bytes were written.
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

    /// Notes that the source ended.
    @inlinable public mutating func sourceEnded(_ end: SourceEnd) -> Action {
        switch self {
        case .flowing:
            return finish(end)
        case .holding:
            self = .draining(end)
            return .none
        // A source that sent EOF may still fail. The held bytes are written first, then the destination is reset.
        case .draining(.finished):
            self = .draining(end)
            return .none
        case .draining(.broken), .over, .cut:
            return .none
        }
    }

    /// Notes that the destination failed.
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
