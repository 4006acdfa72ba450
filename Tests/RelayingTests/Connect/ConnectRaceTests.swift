// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import Testing

@testable import Relaying

@Suite struct ConnectRaceTests {
    typealias Action = ConnectRace.Action
    typealias Failure = ConnectRace.Failure

    /// Addresses of the given families, as "6446".
    static func addresses(_ families: String) -> [SocketAddress] {
        families.enumerated().map { index, family in
            switch family {
            case "6": .ipv6(IPv6Address(high: 0x2001_0db8 << 32, low: UInt64(index)), port: 80, scope: 0)
            case "4": .ipv4(IPv4Address(0xc000_0200 + UInt32(index)), port: 80)
            default: .unix(path: [47])
            }
        }
    }

    @Test(arguments: [
        ("6", [0]), ("4", [0]), ("u", [0]),
        ("66", [0, 1]), ("44", [0, 1]), ("64", [0, 1]), ("46", [0, 1]),
        ("6644", [0, 2, 1, 3]), ("4466", [0, 2, 1, 3]), ("66644", [0, 3, 1, 4, 2]),
        ("4666", [0, 1, 2, 3]), ("6444", [0, 1, 2, 3]), ("66664", [0, 4, 1, 2, 3]),
        ("646464", [0, 1, 2, 3, 4, 5]), ("644466", [0, 1, 4, 2, 5, 3]),
    ])
    func `address families alternate, the first one first`(families: String, order: [Int]) {
        var race = ConnectRace(Self.addresses(families))
        var started: [Int] = []
        var action = race.start()
        while case .connect(let index) = action {
            started.append(index)
            #expect(race.hasNext == (started.count < order.count))
            action = race.delayPassed()
        }
        #expect(action == .none)
        #expect(started == order)
    }

    @Test func `a race without addresses fails immediately`() {
        var race = ConnectRace([])
        #expect(race.start() == .failed([]))
        #expect(race.start() == .none)
        #expect(race.timedOut(errno: ETIMEDOUT) == .none)
    }

    @Test func `a single address needs no timer`() {
        var race = ConnectRace(Self.addresses("4"))
        #expect(race.start() == .connect(0))
        #expect(!race.hasNext)
        #expect(race.delayPassed() == .none)
        #expect(race.connected(0) == .won(0))
    }

    @Test func `after a late failure of the winner the untried addresses are used`() {
        var race = ConnectRace(Self.addresses("464"))
        #expect(race.start() == .connect(0))
        #expect(race.hasNext)
        #expect(race.winnerFailed(errno: ECONNREFUSED) == .none, "there is none yet")
        #expect(race.connected(0) == .won(0))
        #expect(race.hasNext)
        #expect(race.winnerFailed(errno: ECONNREFUSED) == .connect(1))
        #expect(race.hasNext)
        #expect(race.connected(1) == .won(1))
        #expect(race.winnerFailed(errno: ETIMEDOUT) == .connect(2))
        #expect(!race.hasNext)
        #expect(race.connected(2) == .won(2))
        #expect(!race.hasNext)
        let failures = [
            Failure(index: 0, errno: ECONNREFUSED), Failure(index: 1, errno: ETIMEDOUT),
            Failure(index: 2, errno: ECONNREFUSED),
        ]
        #expect(race.winnerFailed(errno: ECONNREFUSED) == .failed(failures))
        #expect(race.winnerFailed(errno: ECONNREFUSED) == .none)
    }

    /// A race of so many addresses of datagrams, each of which is connected at once.
    private func datagramRace(_ families: String) -> ConnectRace {
        var race = ConnectRace(Self.addresses(families))
        _ = race.start()
        _ = race.connected(0)
        return race
    }

    @Test func `a silent winner is replaced, and after the last address the first is tried again`() {
        var race = datagramRace("444")
        #expect(race.canReplaceSilentWinner && !race.hasLeftSilent)
        #expect(race.winnerSilent() == .connect(1))
        #expect(race.hasNext)
        #expect(race.connected(1) == .won(1))
        #expect(race.hasLeftSilent)
        #expect(race.winnerSilent() == .connect(2))
        #expect(!race.hasNext)
        #expect(race.connected(2) == .won(2))
        #expect(race.canReplaceSilentWinner && !race.hasReturnedToFirstSilent)
        #expect(race.winnerSilent() == .connect(0))
        #expect(!race.hasNext)
        #expect(race.hasReturnedToFirstSilent)
        #expect(race.connected(0) == .won(0))
        #expect(!race.canReplaceSilentWinner)
        #expect(race.winnerFailed(errno: ECONNREFUSED) == .failed([Failure(index: 0, errno: ECONNREFUSED)]))
    }

    @Test func `a single silent address is kept`() {
        #expect(!datagramRace("4").canReplaceSilentWinner)
    }

    @Test func `a silent address is tried again after one that refuses or cannot be connected to`() {
        for isConnected in [true, false] {
            var race = datagramRace("444")
            #expect(race.winnerFailed(errno: ECONNREFUSED) == .connect(1))
            #expect(race.hasNext)
            #expect(race.connected(1) == .won(1))
            #expect(race.winnerSilent() == .connect(2))
            #expect(!race.hasNext)
            if isConnected {
                #expect(race.connected(2) == .won(2))
                #expect(race.winnerFailed(errno: ECONNREFUSED) == .connect(1))
                #expect(!race.hasNext)
            } else {
                #expect(race.attemptFailed(2, errno: ENETUNREACH) == .connect(1))
                #expect(!race.hasNext)
            }
            #expect(race.hasReturnedToFirstSilent)
            #expect(race.connected(1) == .won(1))
        }
    }

    @Test func `the last address is kept if all others refused`() {
        var race = datagramRace("44")
        _ = race.winnerFailed(errno: ECONNREFUSED)
        _ = race.connected(1)
        #expect(!race.canReplaceSilentWinner)
    }

    @Test func `the order of a race is its own order`() {
        for families in ["646", "4466", "66644"] {
            let order = ConnectRace.order(of: Self.addresses(families))
            #expect(ConnectRace.order(of: order) == order)
        }
    }

    @Test func `all addresses are tried within the time that there is`() {
        #expect(ConnectRace.delay(of: 2, within: 5_000_000_000) == ConnectRace.attemptDelay)
        #expect(ConnectRace.delay(of: 2, within: 300_000_000) == 100_000_000)
        #expect(ConnectRace.delay(of: 64, within: 1) == 0)
    }

    @Test func `a failure starts the next attempt immediately`() {
        var race = ConnectRace(Self.addresses("644"))
        #expect(race.start() == .connect(0))
        #expect(race.hasNext)
        #expect(race.attemptFailed(0, errno: ENETUNREACH) == .connect(1))
        #expect(race.hasNext)
        #expect(race.attemptFailed(1, errno: ECONNREFUSED) == .connect(2))
        #expect(!race.hasNext)
        let failures = [
            Failure(index: 0, errno: ENETUNREACH), Failure(index: 1, errno: ECONNREFUSED),
            Failure(index: 2, errno: EHOSTUNREACH),
        ]
        #expect(race.attemptFailed(2, errno: EHOSTUNREACH) == .failed(failures))
    }

    @Test func `after the last start the race waits for slow attempts`() {
        var race = ConnectRace(Self.addresses("64"))
        _ = race.start()
        #expect(race.delayPassed() == .connect(1))
        #expect(!race.hasNext)
        #expect(race.attemptFailed(1, errno: ECONNREFUSED) == .none)
        #expect(race.delayPassed() == .none)
        #expect(race.connected(0) == .won(0))
    }

    @Test func `an earlier attempt may win, and later events have no effect`() {
        var race = ConnectRace(Self.addresses("6464"))
        _ = race.start()
        _ = race.delayPassed()
        #expect(race.connected(0) == .won(0))
        #expect(race.connected(1) == .none)
        #expect(race.attemptFailed(1, errno: ECONNRESET) == .none)
        #expect(race.delayPassed() == .none)
        #expect(race.timedOut(errno: ETIMEDOUT) == .none)
        #expect(race.start() == .none)
    }

    @Test func `attempts without an answer are listed`() {
        var race = ConnectRace(Self.addresses("6446"))
        _ = race.start()
        _ = race.delayPassed()
        _ = race.delayPassed()
        _ = race.attemptFailed(1, errno: ECONNREFUSED)
        let failures = [
            Failure(index: 1, errno: ECONNREFUSED), Failure(index: 0, errno: ETIMEDOUT),
            Failure(index: 2, errno: ETIMEDOUT), Failure(index: 3, errno: ETIMEDOUT),
        ]
        #expect(race.timedOut(errno: ETIMEDOUT) == .failed(failures))
        #expect(race.connected(0) == .none)
    }

    @Test(arguments: [-1, 1, 3, 63, 64, 65, Int.max, Int.min])
    func `events of attempts that are not running are ignored`(index: Int) {
        var race = ConnectRace(Self.addresses("646"))
        #expect(race.connected(0) == .none)
        _ = race.start()
        #expect(race.connected(index) == .none)
        #expect(race.attemptFailed(index, errno: ECONNREFUSED) == .none)
        #expect(race.connected(0) == .won(0))
    }

    @Test func `at most 64 addresses are used`() {
        var race = ConnectRace(Self.addresses(String(repeating: "4", count: 63) + "666"))
        var order: [Int] = []
        var action = race.start()
        while case .connect(let index) = action {
            order.append(index)
            action = race.attemptFailed(index, errno: ECONNREFUSED)
        }
        #expect(order == [0, 63] + Array(1...62))
        #expect(action == .failed(order.map { Failure(index: $0, errno: ECONNREFUSED) }))
    }

    @Test func `a failure has its party`() {
        var race = ConnectRace(Self.addresses("44"))
        _ = race.start()
        #expect(race.attemptFailed(0, errno: EADDRNOTAVAIL, party: .host(.localPorts)) == .connect(1))
        #expect(!race.hasNext)
        let failures = [
            Failure(index: 0, errno: EADDRNOTAVAIL, party: .host(.localPorts)),
            Failure(index: 1, errno: ECONNREFUSED, party: .peer),
        ]
        #expect(race.attemptFailed(1, errno: ECONNREFUSED) == .failed(failures))
    }

    @Test func `an address with a shortage is retried after the untried ones`() {
        var race = ConnectRace(Self.addresses("644"))
        #expect(race.start() == .connect(0))
        #expect(race.hasNext)
        #expect(race.delayPassed() == .connect(1))
        #expect(race.hasNext)
        race.postpone(0)
        #expect(race.attemptFailed(1, errno: ECONNREFUSED) == .connect(2))
        #expect(race.hasNext)
        #expect(race.hasNext)
        #expect(race.attemptFailed(2, errno: ECONNREFUSED) == .connect(0))
        #expect(!race.hasNext)
        #expect(race.connected(0) == .won(0))
    }

    @Test func `an attempt with a shortage to the end is not a silent one`() {
        var race = ConnectRace(Self.addresses("44"))
        _ = race.start()
        _ = race.delayPassed()
        race.abandonAttempt(0, errno: EMFILE, party: .host(.descriptors))
        let failures = [
            Failure(index: 0, errno: EMFILE, party: .host(.descriptors)), Failure(index: 1, errno: ETIMEDOUT),
        ]
        #expect(race.timedOut(errno: ETIMEDOUT) == .failed(failures))
    }

    @Test func `retries after a shortage use growing pauses`() {
        var pause = RetryPause()
        let pauses = (0..<8).map { _ in pause.take() / 1_000_000 }
        #expect(pauses == [10, 20, 40, 80, 160, 320, 320, 320])
    }
}
