// SPDX-License-Identifier: Apache-2.0

import Reactor

/// The connections and flows that can be sent something.
///
/// These are the members of a room, and those that have left but are not closed yet.
///
/// Concurrency: belongs to one lane.
struct Audience {
    /// What a member is reached by: its connection, or its flow.
    enum Seat {
        case worker(ChatWorker)
        case flow(ChatFlow)
    }

    private var seats: [(id: MemberID, seat: Seat)] = []

    /// Whether there are no members.
    var isEmpty: Bool { seats.isEmpty }

    /// Adds the newest member.
    mutating func append(_ id: MemberID, _ seat: Seat) { seats.append((id, seat)) }

    /// The seat of a member.
    subscript(id: MemberID) -> Seat? {
        let index = index(from: id)
        return index < seats.count && seats[index].id == id ? seats[index].seat : nil
    }

    /// The member with the lowest number above this one; nil if there is none.
    func next(after number: UInt64) -> (id: MemberID, seat: Seat)? {
        let index = index(from: MemberID(number: number &+ 1))
        return index < seats.count ? seats[index] : nil
    }

    /// Removes a member.
    ///
    /// - Returns: its seat; nil if it was not present.
    mutating func remove(_ id: MemberID) -> Seat? {
        let index = index(from: id)
        guard index < seats.count, seats[index].id == id else { return nil }
        return seats.remove(at: index).seat
    }

    #if DEBUG
        /// All connections and flows, for verification. Debug builds only.
        var connections: [Session] {
            seats.map { seat in
                switch seat.seat {
                case .worker(let worker): worker
                case .flow(let flow): flow
                }
            }
        }
    #endif

    /// The index of the first member whose number is not lower.
    private func index(from id: MemberID) -> Int {
        var (low, high) = (0, seats.count)
        while low < high {
            let middle = (low + high) / 2
            if seats[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
