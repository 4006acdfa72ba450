// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// The known addresses of one name, and when to look the name up again. Pure.
///
/// The last good answer is used until a newer one arrives (RFC 8767, "serve stale"): a name server that does not answer,
/// fails, or reports no address removes no address. Before the first answer a caller waits for one, and gets the reason if
/// the look-up fails.
///
/// Times are nanoseconds of one monotonic clock.
package struct KnownAddresses: Equatable, Sendable {
    /// What a caller gets from ``ask(at:)``.
    package enum Answer: Equatable, Sendable {
        /// The addresses, in the order of RFC 6724. From ``ask(at:)`` at least one; a caller may remove some of them.
        case addresses([SocketAddress])
        /// There is no answer yet; the first look-up is under way.
        case pending
        /// There is no answer yet; the last look-up failed for this reason. A caller without another upstream asks again
        /// after ``retryTime``, or when the look-up in progress ends.
        case failed(String)
    }

    /// A change to log.
    package enum Change: Equatable, Sendable {
        /// Look-ups began to fail, for this reason.
        case failing(String)
        /// Look-ups succeed again.
        case recovered
    }

    /// The lifetime in nanoseconds of an answer without a TTL, such as one from /etc/hosts.
    package static let defaultLifetime: UInt64 = 30_000_000_000

    /// The pause in nanoseconds between a failed look-up and the next one.
    package static let retryTime: UInt64 = 1_000_000_000

    /// The limits of a TTL, in nanoseconds.
    ///
    /// A shorter one would cause a look-up for each connection; a longer one would hide changes of the addresses.
    package static let lifetimes: ClosedRange<UInt64> = 1_000_000_000...86_400_000_000_000

    /// The last good answer; empty if there was none.
    package private(set) var addresses: [SocketAddress] = []

    /// Why the last look-up failed; nil if it succeeded.
    package private(set) var failure: String?

    /// Whether a look-up is under way.
    package private(set) var isLookingUp = false
    private var nextLookup: UInt64 = 0

    /// Returns what is known.
    ///
    /// - Returns: the answer, and whether the caller has to start a look-up.
    package mutating func ask(at now: UInt64) -> (answer: Answer, beginsLookup: Bool) {
        let begins = !isLookingUp && now >= nextLookup
        if begins { isLookingUp = true }
        guard addresses.isEmpty else { return (.addresses(addresses), begins) }
        return (failure.map { .failed($0) } ?? .pending, begins)
    }

    /// Stores the addresses that a look-up found. The look-up stays in progress until ``keep(for:at:)`` sets their lifetime.
    package mutating func found(_ addresses: [SocketAddress]) -> Change? {
        self.addresses = addresses
        defer { failure = nil }
        return failure == nil ? nil : .recovered
    }

    /// Ends a look-up that found addresses. The next one starts when a fifth of the lifetime is left.
    package mutating func keep(for lifetime: UInt64, at now: UInt64) {
        isLookingUp = false
        nextLookup = now + min(max(lifetime, Self.lifetimes.lowerBound), Self.lifetimes.upperBound) / 5 * 4
    }

    /// Ends a look-up that failed, or found no address.
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
