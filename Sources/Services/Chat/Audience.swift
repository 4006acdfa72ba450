// SPDX-License-Identifier: Apache-2.0

import Reactor

/// What a member is reached by: its connection, or its flow.
enum ChatEndpoint {
    case worker(ChatWorker)
    case flow(ChatFlow)
}

/// The connections and flows that can be sent something.
///
/// These are the members of a room, and those that have left but are not closed yet.
///
/// Concurrency: belongs to one lane.
struct Audience {
    private var endpoints: [(id: MemberID, endpoint: ChatEndpoint)] = []

    /// Whether there are no members.
    var isEmpty: Bool { endpoints.isEmpty }

    /// Adds the newest member.
    mutating func append(_ id: MemberID, _ endpoint: ChatEndpoint) { endpoints.append((id, endpoint)) }

    /// The endpoint of a member.
    subscript(id: MemberID) -> ChatEndpoint? {
        let index = index(from: id)
        return index < endpoints.count && endpoints[index].id == id ? endpoints[index].endpoint : nil
    }

    /// The member with the lowest number above this one; nil if there is none.
    func next(after number: UInt64) -> (id: MemberID, endpoint: ChatEndpoint)? {
        let index = index(from: MemberID(number: number &+ 1))
        return index < endpoints.count ? endpoints[index] : nil
    }

    /// Removes a member.
    ///
    /// - Returns: its endpoint; nil if it was not present.
    mutating func remove(_ id: MemberID) -> ChatEndpoint? {
        let index = index(from: id)
        guard index < endpoints.count, endpoints[index].id == id else { return nil }
        return endpoints.remove(at: index).endpoint
    }

    #if DEBUG
        /// All connections and flows, for verification. Debug builds only.
        var connections: [Session] {
            endpoints.map { endpoint in
                switch endpoint.endpoint {
                case .worker(let worker): worker
                case .flow(let flow): flow
                }
            }
        }
    #endif

    /// The index of the first member whose number is not lower.
    private func index(from id: MemberID) -> Int {
        var (low, high) = (0, endpoints.count)
        while low < high {
            let middle = (low + high) / 2
            if endpoints[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
