// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// Connects to the first of several addresses that answers: Happy Eyeballs, RFC 8305.
///
/// The addresses of a name come in the order of RFC 6724. They are tried one after the other, the families taking turns,
/// beginning with that of the first address (section 4). The next one starts when the one before has failed, or has not
/// answered for ``attemptDelay``; the attempts before go on (section 5). The first that is connected wins.
///
/// A datagram socket is connected at once, whether or not anything receives there. So its winner may be left again, with
/// ``winnerFailed(errno:party:)`` where it refuses and ``winnerSilent()`` where it does not answer.
///
/// Nothing is allocated until an attempt fails. An index is a place in the list of addresses; of a list longer than
/// ``longestList`` the rest is never tried.
package struct ConnectRace: Equatable, Sendable {
    /// What to do now.
    package enum Action: Equatable, Sendable {
        /// Nothing; or wait for those that were started.
        case none
        /// Start to connect to this address, and call ``delayPassed()`` after so many nanoseconds, in place of what was
        /// agreed before; nil when there is nothing left to start.
        case connect(Int, thenWait: UInt64?)
        /// This connection stands. Close the others.
        case won(Int)
        /// None came about. Close what was started.
        case failed([Failure])
    }

    /// How an attempt failed.
    package struct Failure: Equatable, Sendable {
        /// The address.
        package var index: Int
        /// Why: errno.
        package var errno: CInt
        /// Who is to blame.
        package var party = FaultParty.peer
    }

    /// How long to wait before the next attempt: less than ``attemptDelay`` where all addresses could not be tried otherwise.
    ///
    /// - Parameters:
    ///   - count: how many addresses there are.
    ///   - timeout: how long all of it may take, in nanoseconds.
    package static func delay(of count: Int, within timeout: UInt64) -> UInt64 {
        min(attemptDelay, timeout / UInt64(count + 1))
    }

    /// The Connection Attempt Delay of RFC 8305, section 8, in nanoseconds.
    package static let attemptDelay: UInt64 = 250_000_000
    /// How many addresses of a list are looked at.
    package static let longestList = 64

    private enum Phase: Equatable {
        case waiting, running, won(Int), over
    }

    private var phase = Phase.waiting
    /// The first winner that was left because it was silent.
    private var firstSilent: UInt8?
    /// Whether the race has come back to ``firstSilent``, after every other address.
    package private(set) var hasReturned = false
    /// A bit for each address that was not tried: those of the family whose turn it is, and those of the other.
    private var thisFamily: UInt64 = 0
    private var otherFamily: UInt64 = 0
    /// A bit for each attempt that has not ended.
    private var attempts: UInt64 = 0
    /// A bit for each address that is tried again when all others were tried.
    private var postponed: UInt64 = 0
    private var failures: [Failure] = []

    /// A race between addresses in the resolver's order.
    package init(_ addresses: [SocketAddress]) {
        guard let first = addresses.first else { return }
        for (index, address) in addresses.prefix(Self.longestList).enumerated() {
            let bit: UInt64 = 1 << UInt64(index)
            if Self.isIPv6(address) == Self.isIPv6(first) { thisFamily |= bit } else { otherFamily |= bit }
        }
    }

    /// The addresses in the order in which a race tries them.
    package static func order(of addresses: [SocketAddress]) -> [SocketAddress] {
        var race = Self(addresses)
        var order: [SocketAddress] = []
        var action = race.start()
        while case .connect(let index, _) = action {
            order.append(addresses[index])
            action = race.delayPassed()
        }
        return order
    }

    /// The race begins.
    package mutating func start() -> Action {
        guard phase == .waiting else { return .none }
        phase = .running
        return startNext()
    }

    /// The delay after the last start passed.
    package mutating func delayPassed() -> Action {
        phase == .running && hasNext ? startNext() : .none
    }

    /// An attempt failed.
    package mutating func attemptFailed(_ index: Int, errno: CInt, party: FaultParty = .peer) -> Action {
        guard end(index) else { return .none }
        failures.append(Failure(index: index, errno: errno, party: party))
        return hasNext || attempts == 0 ? startNext() : .none
    }

    /// An attempt lacks something on this host, and another address is tried meanwhile: it is tried again after those that
    /// were not tried.
    package mutating func postpone(_ index: Int) {
        if end(index) { postponed |= 1 << UInt64(index) }
    }

    /// Ends an attempt that waited for something on this host, before ``timedOut()`` takes it for one without an answer.
    package mutating func gaveUp(_ index: Int, errno: CInt, party: FaultParty) {
        if end(index) { failures.append(Failure(index: index, errno: errno, party: party)) }
    }

    /// An attempt succeeded.
    package mutating func connected(_ index: Int) -> Action {
        guard end(index) else { return .none }
        phase = .won(index)
        return .won(index)
    }

    /// The connection that had won has failed before it carried anything, as one of datagrams does whose first one is
    /// refused: the race goes on with the addresses that were not tried.
    package mutating func winnerFailed(errno: CInt, party: FaultParty = .peer) -> Action {
        guard case .won(let index) = phase else { return .none }
        phase = .running
        // The others were closed when this one had won.
        attempts = 0
        failures.append(Failure(index: index, errno: errno, party: party))
        return startNext()
    }

    /// The connection that had won carries datagrams, and none was answered: the race goes on with the addresses that were not
    /// tried, and comes back to the first that was silent after all of them, unless another one has won.
    package mutating func winnerSilent() -> Action {
        guard case .won(let index) = phase else { return .none }
        phase = .running
        attempts = 0
        if firstSilent == nil { firstSilent = UInt8(truncatingIfNeeded: index) }
        return startNext()
    }

    /// Whether a winner was left because it was silent.
    package var hasLeftSilent: Bool { firstSilent != nil }

    /// Whether there is anywhere to go from a winner that is silent.
    package var mayLeaveSilent: Bool { hasNext || (firstSilent != nil && !hasReturned) }

    /// The time for all of it is over.
    ///
    /// - Parameter errno: what the attempts that are under way have failed with: ETIMEDOUT.
    package mutating func timedOut(errno: CInt) -> Action {
        guard phase == .running else { return .none }
        while attempts != 0 {
            failures.append(Failure(index: Self.takeLowest(of: &attempts), errno: errno))
        }
        phase = .over
        return .failed(failures)
    }

    /// Whether there are addresses to be tried, for the first time or again.
    package var hasNext: Bool { thisFamily | otherFamily | postponed != 0 }

    private mutating func startNext() -> Action {
        guard hasNext else {
            if let firstSilent, !hasReturned {
                hasReturned = true
                attempts |= 1 << UInt64(firstSilent)
                return .connect(Int(firstSilent), thenWait: nil)
            }
            phase = .over
            return .failed(failures)
        }
        if thisFamily | otherFamily == 0 { swap(&thisFamily, &postponed) }
        // When one family is through, the other goes on by itself.
        if thisFamily == 0 { swap(&thisFamily, &otherFamily) }
        let index = Self.takeLowest(of: &thisFamily)
        swap(&thisFamily, &otherFamily)
        attempts |= 1 << UInt64(index)
        return .connect(index, thenWait: hasNext ? Self.attemptDelay : nil)
    }

    /// Takes an attempt off the running ones.
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
