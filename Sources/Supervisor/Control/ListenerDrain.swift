// SPDX-License-Identifier: Apache-2.0

/// The drain of a listener that an operator has asked for. Pure: times in nanoseconds and counts go in, actions come out.
///
/// It waits until no connection is left. After a timeout, if there is one, it closes those that are: all at once, or in
/// even steps over a time, at most one a second.
struct ListenerDrain: Equatable {
    /// What the caller has to do.
    enum Action: Equatable {
        /// Wait for ``nextTime``, or for a change.
        case wait
        /// Close at most so many connections, and call again at ``nextTime``.
        case close(Int)
        /// No connection is left.
        case finish
    }

    private static let second: UInt64 = 1_000_000_000

    /// When it closes the next connections; nil for never.
    private(set) var nextTime: UInt64?

    /// The time between two steps, and how many there are to be.
    private var interval: UInt64
    private var stepsLeft: UInt64

    /// Begins a drain.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait before connections are closed; nil for ever.
    ///   - spread: over which time they are closed.
    init(timeout: UInt64?, spread: UInt64, at now: UInt64) {
        nextTime = timeout.map { ShutdownState.time(now, plus: $0) }
        stepsLeft = max(spread / Self.second, 1)
        interval = max(spread / stepsLeft, Self.second)
    }

    /// Begins to close connections at another time, if one is given.
    mutating func join(timeout: UInt64?, spread: UInt64, at now: UInt64) {
        guard timeout != nil else { return }
        self = ListenerDrain(timeout: timeout, spread: spread, at: now)
    }

    /// Called at ``nextTime``, and when connections have ended.
    ///
    /// - Parameters:
    ///   - connections: how many there are.
    ///   - mayGrow: whether a lane may still accept one.
    mutating func act(at now: UInt64, connections: Int, mayGrow: Bool) -> Action {
        if connections <= 0, !mayGrow { return .finish }
        guard let time = nextTime, time <= now else { return .wait }
        // After the last step some may be left: those that send their last bytes, or came to a lane late.
        nextTime = ShutdownState.time(now, plus: interval)
        guard stepsLeft > 1 else { return .close(.max) }
        let left = Int(clamping: stepsLeft)
        stepsLeft -= 1
        let count = max(connections, 0)
        return .close(count / left + (count % left == 0 ? 0 : 1))
    }
}
