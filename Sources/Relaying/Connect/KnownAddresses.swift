// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// The addresses of one name as they are known, and when the name is to be looked up again. Pure.
///
/// The last good answer is used for as long as there is no newer one (RFC 8767, "serve stale"): a name server that is
/// silent, that fails, or that says the name has no address takes no address away. While there never was an answer, a caller
/// waits for one, and learns why there is none.
///
/// Times are nanoseconds of one monotonic clock.
package struct KnownAddresses: Equatable, Sendable {
    /// What a caller gets.
    package enum Answer: Equatable, Sendable {
        /// The addresses, in the order of RFC 6724: at least one, unless the caller leaves some out.
        case addresses([SocketAddress])
        /// There never was an answer, and the first look-up is under way.
        case pending
        /// There never was an answer, for this reason. A caller that has nowhere else to go asks again after ``retryTime``,
        /// or when the look-up that is under way ends.
        case failed(String)
    }

    /// What is worth a record.
    package enum Change: Equatable, Sendable {
        /// Look-ups fail from now on, and why.
        case failing(String)
        /// They succeed again.
        case recovered
    }

    /// How long an answer is good for that says nothing of it, such as that of /etc/hosts.
    package static let defaultLifetime: UInt64 = 30_000_000_000

    /// How long to wait after a failed look-up before the next one.
    package static let retryTime: UInt64 = 1_000_000_000

    /// The bounds of what an answer may say: less would ask for each connection, more would never notice a move.
    package static let lifetimes: ClosedRange<UInt64> = 1_000_000_000...86_400_000_000_000

    /// The last good answer; empty if there was none.
    package private(set) var addresses: [SocketAddress] = []

    /// Why the last look-up failed; nil if it succeeded.
    package private(set) var failure: String?

    /// Whether a look-up is under way.
    package private(set) var isLookingUp = false
    private var nextLookup: UInt64 = 0

    /// What is known.
    ///
    /// - Returns: the answer, and whether the caller is to begin a look-up.
    package mutating func ask(at now: UInt64) -> (answer: Answer, beginsLookup: Bool) {
        let begins = !isLookingUp && now >= nextLookup
        if begins { isLookingUp = true }
        guard addresses.isEmpty else { return (.addresses(addresses), begins) }
        return (failure.map { .failed($0) } ?? .pending, begins)
    }

    /// The look-up has found addresses. It goes on until ``keep(for:at:)`` says how long they are good for.
    package mutating func found(_ addresses: [SocketAddress]) -> Change? {
        self.addresses = addresses
        defer { failure = nil }
        return failure == nil ? nil : .recovered
    }

    /// The look-up is over: the next one begins with a fifth of the lifetime left.
    package mutating func keep(for lifetime: UInt64, at now: UInt64) {
        isLookingUp = false
        nextLookup = now + min(max(lifetime, Self.lifetimes.lowerBound), Self.lifetimes.upperBound) / 5 * 4
    }

    /// The look-up has failed, or has found that the name has no address.
    package mutating func failed(_ reason: String, at now: UInt64) -> Change? {
        isLookingUp = false
        nextLookup = now + Self.retryTime
        defer { failure = reason }
        return failure == nil ? .failing(reason) : nil
    }

    /// Makes one with these values.
    package init(addresses: [SocketAddress] = [], failure: String? = nil, isLookingUp: Bool = false) {
        self.addresses = addresses
        self.failure = failure
        self.isLookingUp = isLookingUp
    }
}
