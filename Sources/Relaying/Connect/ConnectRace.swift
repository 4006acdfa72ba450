// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// Connects to the first of several addresses that answers: Happy Eyeballs, RFC 8305.
///
/// The addresses of a name come in the order of RFC 6724. Attempts alternate between the address families, beginning with
/// the family of the first address (section 4). The next attempt starts when the previous one failed, or has not succeeded
/// within ``attemptDelay``; earlier attempts continue (section 5). The first connected attempt wins.
///
/// A datagram socket connects at once, whether or not anything receives there. So its winner may be replaced, with
/// ``winnerFailed(errno:party:)`` if it refuses or ``winnerSilent()`` if it does not answer.
///
/// Nothing is allocated until an attempt fails. An index is a place in the list of addresses; addresses behind the first
/// ``longestList`` are never tried.
package struct ConnectRace: Equatable, Sendable {
    /// What the caller does next.
    package enum Action: Equatable, Sendable {
        /// Nothing, or wait for the attempts in progress.
        case none
        /// Start to connect to this address.
        ///
        /// If ``ConnectRace/hasNext``, call ``ConnectRace/delayPassed()`` after ``ConnectRace/delay(of:within:)``. The new
        /// delay replaces an earlier one.
        case connect(Int)
        /// This attempt is connected and wins. Close the others.
        case won(Int)
        /// Every attempt failed. Close all of them.
        case failed([Failure])
    }

    /// How an attempt failed.
    package struct Failure: Equatable, Sendable {
        /// The address.
        package var index: Int
        /// The errno.
        package var errno: CInt
        /// Which party the error is attributed to.
        package var party = FaultParty.peer
    }

    /// Returns the delay before the next attempt, in nanoseconds.
    ///
    /// It is less than ``attemptDelay`` if not all addresses could be tried otherwise.
    ///
    /// - Parameters:
    ///   - count: how many addresses there are.
    /// - timeout: the time for all attempts together, in nanoseconds.
    package static func delay(of count: Int, within timeout: UInt64) -> UInt64 {
        min(attemptDelay, timeout / UInt64(count + 1))
    }

    /// The Connection Attempt Delay of RFC 8305, section 8, in nanoseconds.
    package static let attemptDelay: UInt64 = 250_000_000
    /// How many addresses of a list are tried at most.
    package static let longestList = 64

    private enum Phase: Equatable {
        case waiting, running, won(Int), over
    }

    private var phase = Phase.waiting
    /// The first winner that did not answer.
    private var firstSilent: UInt8?
    /// Whether the race has returned to ``firstSilent``, after trying every other address.
    package private(set) var hasReturnedToFirstSilent = false
    /// One bit for each untried address: those of the family that is next, and those of the other family.
    private var thisFamily: UInt64 = 0
    private var otherFamily: UInt64 = 0
    /// One bit for each attempt in progress.
    private var attempts: UInt64 = 0
    /// One bit for each address to try again after all untried ones.
    private var postponed: UInt64 = 0
    private var failures: [Failure] = []

    /// Makes a race between addresses in the resolver's order.
    package init(_ addresses: [SocketAddress]) {
        guard let first = addresses.first else { return }
        for (index, address) in addresses.prefix(Self.longestList).enumerated() {
            let bit: UInt64 = 1 << UInt64(index)
            if Self.isIPv6(address) == Self.isIPv6(first) { thisFamily |= bit } else { otherFamily |= bit }
        }
    }

    /// Returns the addresses in the order in which a race tries them.
    package static func order(of addresses: [SocketAddress]) -> [SocketAddress] {
        var race = Self(addresses)
        var order: [SocketAddress] = []
        var action = race.start()
        while case .connect(let index) = action {
            order.append(addresses[index])
            action = race.delayPassed()
        }
        return order
    }

    /// Starts the race.
    package mutating func start() -> Action {
        guard phase == .waiting else { return .none }
        phase = .running
        return startNext()
    }

    /// Starts the next attempt after the delay of the previous one.
    package mutating func delayPassed() -> Action {
        phase == .running && hasNext ? startNext() : .none
    }

    /// Ends an attempt that failed.
    package mutating func attemptFailed(_ index: Int, errno: CInt, party: FaultParty = .peer) -> Action {
        guard end(index) else { return .none }
        failures.append(Failure(index: index, errno: errno, party: party))
        return hasNext || attempts == 0 ? startNext() : .none
    }

    /// Ends an attempt for lack of a resource on this host, and queues its address behind the untried ones.
    package mutating func postpone(_ index: Int) {
        if end(index) { postponed |= 1 << UInt64(index) }
    }

    /// Ends an attempt that still waited for a resource on this host.
    ///
    /// Call it before ``timedOut(errno:)``, which would record ETIMEDOUT for the attempt.
    package mutating func abandonAttempt(_ index: Int, errno: CInt, party: FaultParty) {
        if end(index) { failures.append(Failure(index: index, errno: errno, party: party)) }
    }

    /// Ends the race: this attempt is connected.
    package mutating func connected(_ index: Int) -> Action {
        guard end(index) else { return .none }
        phase = .won(index)
        return .won(index)
    }

    /// Continues with the untried addresses after the winner failed before it carried any data.
    ///
    /// A connected datagram socket does so when the peer refuses the first datagram (ICMP).
    package mutating func winnerFailed(errno: CInt, party: FaultParty = .peer) -> Action {
        guard case .won(let index) = phase else { return .none }
        phase = .running
        // The caller closed the other attempts when this one won.
        attempts = 0
        failures.append(Failure(index: index, errno: errno, party: party))
        return startNext()
    }

    /// Continues with the untried addresses after the winner, a datagram socket, got no answer.
    ///
    /// After all of them the race returns to the first winner that did not answer, unless another one has won.
    package mutating func winnerSilent() -> Action {
        guard case .won(let index) = phase else { return .none }
        phase = .running
        attempts = 0
        if firstSilent == nil { firstSilent = UInt8(truncatingIfNeeded: index) }
        return startNext()
    }

    /// Whether a winner was replaced because it did not answer.
    package var hasLeftSilent: Bool { firstSilent != nil }

    /// Whether another attempt can follow a winner that does not answer.
    package var canReplaceSilentWinner: Bool { hasNext || (firstSilent != nil && !hasReturnedToFirstSilent) }

    /// Ends the race after the time for all attempts.
    ///
    /// - Parameter errno: the error recorded for the attempts in progress: ETIMEDOUT.
    package mutating func timedOut(errno: CInt) -> Action {
        guard phase == .running else { return .none }
        while attempts != 0 {
            failures.append(Failure(index: Self.takeLowest(of: &attempts), errno: errno))
        }
        phase = .over
        return .failed(failures)
    }

    /// Whether addresses are left to try, for the first time or again.
    package var hasNext: Bool { thisFamily | otherFamily | postponed != 0 }

    private mutating func startNext() -> Action {
        guard hasNext else {
            if let firstSilent, !hasReturnedToFirstSilent {
                hasReturnedToFirstSilent = true
                attempts |= 1 << UInt64(firstSilent)
                return .connect(Int(firstSilent))
            }
            phase = .over
            return .failed(failures)
        }
        if thisFamily | otherFamily == 0 { swap(&thisFamily, &postponed) }
        // When one family has no address left, the other continues alone.
        if thisFamily == 0 { swap(&thisFamily, &otherFamily) }
        let index = Self.takeLowest(of: &thisFamily)
        swap(&thisFamily, &otherFamily)
        attempts |= 1 << UInt64(index)
        return .connect(index)
    }

    /// Ends an attempt. Returns whether it was in progress.
    private mutating func end(_ index: Int) -> Bool {
        guard phase == .running, 0..<Self.longestList ~= index else { return false }
        let bit: UInt64 = 1 << UInt64(index)
        defer { attempts &= ~bit }
        return attempts & bit != 0
    }

    private static func takeLowest(of bits: inout UInt64) -> Int {
        defer { bits &= bits - 1 }
        return bits.trailingZeroBitCount
    }

    private static func isIPv6(_ address: SocketAddress) -> Bool {
        if case .ipv6 = address { true } else { false }
    }
}
