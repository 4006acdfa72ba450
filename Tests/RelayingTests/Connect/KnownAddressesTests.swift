// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Relaying

@Suite struct KnownAddressesTests {
    private static let second: UInt64 = 1_000_000_000
    private let a = [SocketAddress.ipv4(IPv4Address(0x0a00_0001), port: 80)]
    private let b = [
        SocketAddress.ipv4(IPv4Address(0x0a00_0001), port: 80), .ipv4(IPv4Address(0x0a00_0002), port: 80),
    ]

    /// Addresses that were found at 0 and are good for ten seconds.
    private func known(_ addresses: [SocketAddress]) -> KnownAddresses {
        var known = KnownAddresses()
        #expect(known.ask(at: 0) == (.pending, true))
        #expect(known.found(addresses) == nil)
        known.keep(for: 10 * Self.second, at: 0)
        return known
    }

    @Test func `the first caller starts the look-up, and all wait for it`() {
        var known = KnownAddresses()
        #expect(known.ask(at: 0) == (.pending, true))
        #expect(known.ask(at: 0) == (.pending, false))
        #expect(known.ask(at: 3600 * Self.second) == (.pending, false))
        #expect(known.found(a) == nil)
        // They serve before it is known for how long.
        #expect(known.ask(at: 3600 * Self.second) == (.addresses(a), false))
    }

    @Test func `an answer is refreshed in the last fifth of its lifetime`() {
        var known = known(a)
        #expect(known.ask(at: 8 * Self.second - 1) == (.addresses(a), false))
        #expect(known.ask(at: 8 * Self.second) == (.addresses(a), true))
        #expect(known.ask(at: 8 * Self.second) == (.addresses(a), false))
    }

    @Test func `a stale answer is used during the next look-up`() {
        var known = known(a)
        let late = 1000 * Self.second
        #expect(known.ask(at: late) == (.addresses(a), true))
        // A silent name server: nothing comes for an hour.
        #expect(known.ask(at: late + 3600 * Self.second) == (.addresses(a), false))
    }

    @Test func `a failed look-up keeps the addresses and is reported once`() {
        var known = known(a)
        for round in 1...5 as ClosedRange<UInt64> {
            let now = 20 * Self.second * round
            #expect(known.ask(at: now) == (.addresses(a), true))
            #expect(known.failed("no answer", at: now) == (round == 1 ? .failing("no answer") : nil))
            #expect(known.ask(at: now + KnownAddresses.retryTime - 1) == (.addresses(a), false))
        }
        #expect(known.ask(at: 200 * Self.second) == (.addresses(a), true))
        #expect(known.found(a) == .recovered)
        known.keep(for: 10 * Self.second, at: 200 * Self.second)
        #expect(known.ask(at: 220 * Self.second) == (.addresses(a), true))
        // The next time is news again.
        #expect(known.failed("no answer", at: 220 * Self.second) == .failing("no answer"))
    }

    @Test func `a new answer replaces the addresses`() {
        var known = known(a)
        _ = known.ask(at: 20 * Self.second)
        #expect(known.found(b) == nil)
        known.keep(for: 10 * Self.second, at: 20 * Self.second)
        #expect(known.ask(at: 40 * Self.second) == (.addresses(b), true))
        #expect(known.found(a) == nil)
        #expect(known.ask(at: 40 * Self.second) == (.addresses(a), false))
    }

    @Test func `without any answer callers get the cause, and a retry follows a second later`() {
        var known = KnownAddresses()
        _ = known.ask(at: 0)
        #expect(known.failed("unknown", at: 0) == .failing("unknown"))
        #expect(known.ask(at: KnownAddresses.retryTime - 1) == (.failed("unknown"), false))
        // Whoever has another upstream goes there, and does not wait for a look-up that may take long.
        #expect(known.ask(at: KnownAddresses.retryTime) == (.failed("unknown"), true))
        #expect(known.ask(at: KnownAddresses.retryTime) == (.failed("unknown"), false))
        #expect(known.failed("still unknown", at: KnownAddresses.retryTime) == nil)
        #expect(known.ask(at: KnownAddresses.retryTime) == (.failed("still unknown"), false))
        _ = known.ask(at: 2 * KnownAddresses.retryTime)
        #expect(known.found(a) == .recovered)
    }

    /// A time to live of 0 would have the name server asked for each connection.
    @Test(arguments: [(0, 0.8), (1, 0.8), (100, 80), (UInt64(UInt32.max), 86_400 * 0.8)] as [(UInt64, Double)])
    func `a lifetime is one second at least and a day at most`(seconds: UInt64, next: Double) {
        var known = KnownAddresses()
        _ = known.ask(at: 0)
        _ = known.found(a)
        known.keep(for: seconds * Self.second, at: 0)
        let time = UInt64(next * Double(Self.second))
        #expect(known.ask(at: time - 1) == (.addresses(a), false))
        #expect(known.ask(at: time) == (.addresses(a), true))
    }
}
