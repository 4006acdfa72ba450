// SPDX-License-Identifier: Apache-2.0

@testable import Relaying

/// A balancer and the state of its members, as a lane has them.
struct BalancerPool {
    let balancer: Balancer
    var states: [Balancer.MemberState]

    /// Members that are all available, without connections and without limit.
    init(_ method: BalanceMethod, _ members: [Balancer.Member]) {
        balancer = Balancer(method: method, members: members)
        states = members.map { _ in Balancer.MemberState(isAvailable: true, active: 0, limit: nil) }
    }

    /// Regular members with these weights, named by their place.
    init(_ method: BalanceMethod, weights: [Int]) {
        self.init(method, weights.enumerated().map { Balancer.Member(weight: $1, isBackup: false, key: key($0)) })
    }

    /// Chooses for the connection with this number, whose client and luck are its own.
    func choose(_ connection: Int, tried: MemberSet = MemberSet()) -> Balancer.Choice {
        balancer.choose(
            ticket: UInt64(connection), random: StableHash.hash(1, UInt64(connection)),
            source: StableHash.hash(2, UInt64(connection)), tried: tried
        ) { states[$0] }
    }

    /// Chooses for the connection with this number; nil if it gets none.
    func member(_ connection: Int, tried: MemberSet = MemberSet()) -> Int? {
        if case .member(let index) = choose(connection, tried: tried) { index } else { nil }
    }

    /// How many of so many connections, numbered from 0, each member gets, when all end at once.
    func shares(of connections: Int) -> [Int] {
        var shares = states.map { _ in 0 }
        for connection in 0..<connections {
            if let index = member(connection) { shares[index] += 1 }
        }
        return shares
    }
}

/// The key of a member with this name.
func key(_ name: Int) -> [UInt8] { Array("tcp://10.0.0.\(name):443".utf8) }

/// Whether each number is within so many per cent of what is wanted.
func areClose(_ numbers: [Int], to wanted: [Double], percent: Double) -> Bool {
    zip(numbers, wanted).allSatisfy { abs(Double($0) - $1) <= $1 * percent / 100 }
}
