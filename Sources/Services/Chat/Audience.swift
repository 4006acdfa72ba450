// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Who can be sent something: the members of a room, and those that have left it and were not let go yet.
///
/// Concurrency: belongs to one lane.
struct Audience {
    /// What stands for a member: its connection, or its flow.
    enum Seat {
        case worker(ChatWorker)
        case flow(ChatFlow)
    }

    private var seats: [(id: MemberID, seat: Seat)] = []

    /// Whether there is nobody.
    var isEmpty: Bool { seats.isEmpty }

    /// Adds the newest member.
    mutating func append(_ id: MemberID, _ seat: Seat) { seats.append((id, seat)) }

    /// The seat of a member.
    subscript(id: MemberID) -> Seat? {
        let index = index(from: id)
        return index < seats.count && seats[index].id == id ? seats[index].seat : nil
    }

    /// The member that comes next behind a number, in the order of coming; nil behind the last.
    func next(after number: UInt64) -> (id: MemberID, seat: Seat)? {
        let index = index(from: MemberID(number: number &+ 1))
        return index < seats.count ? seats[index] : nil
    }

    /// Lets a member go.
    ///
    /// - Returns: its seat; nil if it was not there.
    mutating func remove(_ id: MemberID) -> Seat? {
        let index = index(from: id)
        guard index < seats.count, seats[index].id == id else { return nil }
        return seats.remove(at: index).seat
    }

    #if DEBUG
        /// All connections and flows, to be looked at. Debug builds only.
        var connections: [Session] {
            seats.map { seat in
                switch seat.seat {
                case .worker(let worker): worker
                case .flow(let flow): flow
                }
            }
        }
    #endif

    /// Where the first stands whose number is not lower.
    private func index(from id: MemberID) -> Int {
        var (low, high) = (0, seats.count)
        while low < high {
            let middle = (low + high) / 2
            if seats[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
