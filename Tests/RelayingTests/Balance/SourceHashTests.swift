// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Relaying

@Suite struct SourceHashTests {
    private static let sources = 10_000

    /// Who gets each of the sources, by name.
    private static func owners(_ members: [(name: Int, weight: Int)]) -> [Int] {
        let members = members.map { (name: $0.name, member: member($0.name, weight: $0.weight)) }
        let pool = BalancerPool(.sourceHash, members.map(\.member))
        return (0..<sources).compactMap { pool.member($0).map { members[$0].name } }
    }

    private static func member(_ name: Int, weight: Int) -> Balancer.Member {
        Balancer.Member(weight: weight, isBackup: false, key: key(name))
    }

    private static func equal(_ names: some Sequence<Int>) -> [(name: Int, weight: Int)] {
        names.map { ($0, 1) }
    }

    /// The owners before and after, where they differ.
    private static func moves(_ before: [Int], _ after: [Int]) -> [(from: Int, to: Int)] {
        zip(before, after).filter { $0 != $1 }.map { (from: $0, to: $1) }
    }

    @Test(arguments: [1, 2, 3, 9, 30]) func `a new member gets its share, and no other source moves`(count: Int) {
        let moves = Self.moves(Self.owners(Self.equal(0..<count)), Self.owners(Self.equal(0...count)))
        #expect(moves.allSatisfy { $0.to == count })
        let share = Double(Self.sources) / Double(count + 1)
        #expect(areClose([moves.count], to: [share], percent: 15), "\(moves.count) of \(share)")
        // It takes from all alike.
        let taken = (0..<count).map { name in moves.count { $0.from == name } }
        let each = share / Double(count)
        #expect(taken.allSatisfy { abs(Double($0) - each) < 5 * each.squareRoot() }, "\(taken)")
    }

    @Test func `a higher weight only moves sources to its member`() {
        let before = Self.owners([(0, 2), (1, 1), (2, 5), (3, 2)])
        let after = Self.owners([(0, 4), (1, 1), (2, 5), (3, 2)])
        let moves = Self.moves(before, after)
        #expect(moves.allSatisfy { $0.to == 0 })
        // From 2 of 10 to 4 of 12.
        #expect(areClose([moves.count], to: [Double(Self.sources) * (4.0 / 12 - 2.0 / 10)], percent: 8))
    }

    @Test func `the order does not matter`() {
        let order = [(7, 3), (2, 1), (9, 2), (4, 256)]
        #expect(Self.owners(order) == Self.owners(order.reversed()))
    }

    @Test func `only the sources of a lost member move, and return later`() {
        var pool = BalancerPool(.sourceHash, weights: Array(repeating: 1, count: 10))
        let before = (0..<Self.sources).compactMap { pool.member($0) }
        pool.states[4].isAvailable = false
        let during = (0..<Self.sources).compactMap { pool.member($0) }
        let moves = Self.moves(before, during)
        #expect(moves.count == before.count { $0 == 4 })
        #expect(moves.allSatisfy { $0.from == 4 })
        let received = (0..<10).filter { $0 != 4 }.map { name in moves.count { $0.to == name } }
        let each = Double(moves.count) / 9
        #expect(received.allSatisfy { abs(Double($0) - each) < 5 * each.squareRoot() }, "\(received)")
        pool.states[4].isAvailable = true
        #expect((0..<Self.sources).compactMap { pool.member($0) } == before)
    }

    @Test func `a member that is listed twice has two shares`() {
        let members = [1, 1, 2].map { Self.member($0, weight: 1) }
        let shares = BalancerPool(.sourceHash, members).shares(of: 9000)
        #expect(areClose(shares, to: [3000, 3000, 3000], percent: 5), "\(shares)")
    }

    /// A change here sends the clients of every site elsewhere at their next update.
    @Test func `the choice is the same in every version`() {
        let members = (0..<16).map { Self.member($0, weight: 1 + $0 % 3) }
        let balancer = Balancer(method: .sourceHash, members: members)
        let owners = (0..<24).map { host in
            let source = SocketAddress.ipv4(IPv4Address(0xc000_0200 + UInt32(host)), port: 1)
            return balancer.choose(
                ticket: 0, random: 0, source: Balancer.sourceHash(of: source, uid: nil), tried: MemberSet()
            ) { _ in Balancer.MemberState(isAvailable: true, active: 0, limit: nil) }
        }
        let expected = [4, 11, 5, 12, 0, 7, 0, 15, 8, 10, 5, 2, 14, 11, 13, 10, 14, 7, 11, 11, 7, 8, 5, 15]
        #expect(owners == expected.map { .member($0) })
    }

    private static let four = IPv4Address(0xc000_0201)
    private static let six = IPv6Address(high: 0x2001_0db8_0000_0001, low: 2)

    struct Client: Sendable {
        var address: SocketAddress
        var uid: UInt32?

        init(_ address: SocketAddress, _ uid: UInt32? = nil) {
            self.address = address
            self.uid = uid
        }

        var hash: UInt64 { Balancer.sourceHash(of: address, uid: uid) }
    }

    /// Clients in groups: the same source within one, another one in each other.
    private static let groups: [[Client]] = [
        // The port does not count, nor the way in which a dual-stack socket shows the address, nor a user.
        [
            Client(.ipv4(four, port: 1)), Client(.ipv4(four, port: 65_535)), Client(.ipv4(four, port: 1), 1000),
            Client(.ipv6(IPv6Address(high: 0, low: 0xffff_c000_0201), port: 1, scope: 0)),
        ],
        [Client(.ipv4(IPv4Address(0xc000_0202), port: 1))],
        [Client(.ipv6(IPv6Address(high: 0, low: 0xc000_0201), port: 1, scope: 0))],
        [Client(.ipv6(six, port: 1, scope: 0)), Client(.ipv6(six, port: 2, scope: 3))],
        [Client(.ipv6(IPv6Address(high: six.low, low: six.high), port: 1, scope: 0))],
        // The user counts, not the name.
        [Client(.unnamed, 1000), Client(.abstract(name: [97]), 1000), Client(.unix(path: [47, 97]), 1000)],
        [Client(.unnamed, 1001)],
        [Client(.unnamed, 0)],
        [Client(.unnamed, .max)],
        [Client(.unnamed), Client(.unnamed)],
        [Client(.unix(path: [47, 97])), Client(.unix(path: [47, 97]))],
        [Client(.unix(path: [47, 98]))],
        [Client(.vsock(cid: 1000, port: 1)), Client(.vsock(cid: 1000, port: 2))],
        [Client(.vsock(cid: 1001, port: 1))],
    ]

    @Test func `equal sources have equal hashes`() {
        for group in Self.groups { #expect(Set(group.map(\.hash)).count == 1, "\(group)") }
        #expect(Set(Self.groups.compactMap { $0.first?.hash }).count == Self.groups.count)
    }

    /// Neighbours in a network are the usual clients.
    @Test func `addresses of a network are spread over the members`() {
        let pool = BalancerPool(.sourceHash, weights: [1, 1, 1, 1])
        var shares = [0, 0, 0, 0]
        for host in 0..<4096 as Range<UInt32> {
            let source = Balancer.sourceHash(of: .ipv4(IPv4Address(0x0a00_0000 + host), port: 9), uid: nil)
            let choice = pool.balancer.choose(ticket: 0, random: 0, source: source, tried: MemberSet()) {
                pool.states[$0]
            }
            if case .member(let index) = choice { shares[index] += 1 }
        }
        #expect(areClose(shares, to: [1024, 1024, 1024, 1024], percent: 8), "\(shares)")
    }
}
