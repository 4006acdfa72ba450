// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Finds frames that would be relayed between CAN buses for ever.
///
/// A listener that relays one bus to another passes frames in both directions, and every socket on a bus except the sender
/// receives them. So two such listeners between the same buses, or three around three buses, relay a frame that passes all their
/// filters until the buses are saturated. Loops in the direction of `to` alone are found by ``RelayLoops``.
struct BusLoops {
    /// One end of a relay: a bus, by its number, and the frames that are received there.
    private struct End {
        let bus: Int
        let frames: FrameSet
        let address: WrittenAddress
    }

    /// A listener with the buses on which it listens, and its upstreams.
    private struct Relay {
        let listener: String
        let near: [End]
        let far: [End]
    }

    /// One connection between two buses, by a listener.
    private struct Link {
        let listener: String
        let near: End
        let far: End

        /// The other bus for a frame that is received on `bus`, the frames that are received, and the direction.
        func passage(from bus: Int) -> (to: Int, frames: FrameSet, direction: Directions) {
            near.bus == bus ? (far.bus, near.frames, .forward) : (near.bus, far.frames, .back)
        }
    }

    /// The directions in which links were passed.
    private struct Directions: OptionSet, Hashable {
        let rawValue: UInt8
        /// From the bus of the listener to the upstream.
        static let forward = Directions(rawValue: 1)
        static let back = Directions(rawValue: 2)
    }

    /// The frames that reach a bus; the rest of the search depends on nothing else.
    private struct Arrival: Hashable {
        let bus: Int
        let frames: FrameSet
        let directions: Directions
    }

    /// An arrival, the link over which it came, and the walk before it.
    private struct Walk {
        let arrival: Arrival
        let link: Int
        let previous: Int?
    }

    private var relays: [Relay] = []
    private var buses: [EndpointLocation: Int] = [:]

    private var links: [Link] = []
    /// The links at each bus, by the frames that they receive there.
    private var onBus: [FrameIndex] = []
    /// The buses that are connected, as a union-find forest: the parent of each.
    private var parents: [Int] = []
    /// How many steps the search may still make.
    ///
    /// The frames that arrive somewhere can depend on every subset of the filters, so for some configurations an exhaustive
    /// search would take too long.
    private var effort: Int

    init(_ drafts: [ListenerDraft], effort: Int = 100_000) {
        self.effort = effort
        for draft in drafts {
            let near = (draft.addresses ?? []).compactMap { end($0) }
            let far = (draft.forward?.upstreams ?? []).compactMap { end($0.address) }
            if !near.isEmpty, !far.isEmpty { relays.append(Relay(listener: draft.name, near: near, far: far)) }
        }
        onBus = Array(repeating: FrameIndex(), count: buses.count)
        parents = Array(0..<buses.count)
    }

    private mutating func end(_ address: WrittenAddress) -> End? {
        let endpoint = address.endpoint
        guard endpoint.scheme == .can else { return nil }
        let bus = buses[endpoint.location] ?? buses.count
        buses[endpoint.location] = bus
        return End(bus: bus, frames: FrameSet(endpoint.options.filters), address: address)
    }

    /// Reports each cycle at the link that closes it, the last one in file order: one report for each pair of links.
    mutating func report(_ diagnostics: inout Diagnostics) {
        for relay in relays {
            // After such a report, the listener's other links would only close more cycles.
            let hub = Self.ownCircle(relay)
            if let hub {
                report([relay.listener], at: hub.far.address, other: hub.otherFar.address, &diagnostics)
            }
            for far in relay.far {
                let near = hub.map { far.bus == $0.otherFar.bus ? relay.near : [$0.near] } ?? relay.near
                for near in near where near.bus != far.bus {
                    add(Link(listener: relay.listener, near: near, far: far), &diagnostics)
                    if effort > 0 { continue }
                    return diagnostics.note(
                        "whether frames would be relayed for ever between CAN buses was checked only up to here: too many addresses"
                            + " have filters", at: far.address.span,
                        help: "check yourself that no frame has two ways from one bus to another")
                }
            }
        }
    }

    /// Finds a cycle of one listener alone: from one of its buses to one upstream and back over another.
    ///
    /// - Returns: one of its buses, and the two upstreams; nil if not all frames pass.
    private static func ownCircle(_ relay: Relay) -> (near: End, far: End, otherFar: End)? {
        guard let near = pair(relay.near), let far = pair(relay.far) else { return nil }
        let ends = [near.0, near.1, far.0, far.1].map(\.bus)
        return Set(ends).count == 4 ? (near.0, far.1, far.0) : nil
    }

    /// Two different buses on which all frames are received.
    private static func pair(_ ends: [End]) -> (End, End)? {
        let all = ends.lazy.filter { $0.frames == .all }
        guard let first = all.first, let second = all.first(where: { $0.bus != first.bus }) else { return nil }
        return (first, second)
    }

    /// Adds a link, and reports it if it closes a cycle.
    private mutating func add(_ link: Link, _ diagnostics: inout Diagnostics) {
        let number = links.count
        links.append(link)
        effort -= 1
        // If the two buses were not connected before, the link closes no cycle.
        if !join(link.near.bus, link.far.bus) {
            for bus in [link.near.bus, link.far.bus] {
                guard let circle = circle(from: bus, over: number) else { continue }
                let other = circle.first { $0 != number } ?? number
                report(
                    Set(circle).sorted().map { links[$0].listener }, at: link.far.address,
                    other: links[other].far.address, &diagnostics)
                break
            }
        }
        onBus[link.near.bus].add(link.near.frames, number)
        onBus[link.far.bus].add(link.far.frames, number)
    }

    private func report(
        _ listeners: [String], at upstream: WrittenAddress, other: WrittenAddress, _ diagnostics: inout Diagnostics
    ) {
        var names: [String] = []
        for listener in listeners where names.last != "`\(listener)`" { names.append("`\(listener)`") }
        // Longer lists of names are shortened.
        if names.count > Self.shown {
            names.replaceSubrange(Self.shown / 2..<names.count - Self.shown / 2, with: ["…"])
        }
        let whose = names.count == 1 ? "the listener" : "the listeners"
        diagnostics.report(
            "frames would be relayed for ever between the buses of \(whose) \(names.joined(separator: " and "))",
            at: upstream.span,
            help: "use one listener between two buses, since it relays the frames of both; or give each end"
                + " filters (?id=0x100&mask=0x700) that receive no frame of the other",
            related: (other.span, "the other way is here"))
    }

    private static var shown: Int { 8 }

    // MARK: The search

    /// Connects two buses.
    ///
    /// - Returns: false if they were connected already.
    private mutating func join(_ one: Int, _ other: Int) -> Bool {
        let (one, other) = (root(of: one), root(of: other))
        parents[one] = other
        return one != other
    }

    private mutating func root(of bus: Int) -> Int {
        var bus = bus
        while parents[bus] != bus {
            parents[bus] = parents[parents[bus]]
            bus = parents[bus]
        }
        return bus
    }

    /// Searches for a cycle over which a frame comes back to a bus.
    ///
    /// A path without its detours passes at least the same frames, so the search continues only once from each arrival.
    ///
    /// - Parameter first: the first link of the cycle.
    /// - Returns: the links of the cycle in order.
    private mutating func circle(from bus: Int, over first: Int) -> [Int]? {
        let begin = links[first].passage(from: bus)
        let start = Arrival(bus: begin.to, frames: begin.frames, directions: begin.direction)
        var seen: Set<Arrival> = [start]
        var walks = [Walk(arrival: start, link: first, previous: nil)]
        var next = 0
        while next < walks.count, effort > 0 {
            let walk = walks[next]
            let arrival = walk.arrival
            let numbers = onBus[arrival.bus].numbers(for: arrival.frames)
            effort -= 1 + numbers.count + arrival.frames.patterns.count
            for number in numbers where number != walk.link && effort > 0 {
                let passage = links[number].passage(from: arrival.bus)
                effort -= arrival.frames.patterns.count * passage.frames.patterns.count
                guard let frames = arrival.frames.intersection(passage.frames) else { continue }
                let directions = arrival.directions.union(passage.direction)
                if passage.to == bus {
                    // ``RelayLoops`` reports cycles in the direction of `to` alone.
                    guard directions != .forward else { continue }
                    let circle = withoutDetours(way(to: next, in: walks) + [number], from: bus)
                    if !isKnown(circle, from: bus) { return circle }
                    continue
                }
                let arrival = Arrival(bus: passage.to, frames: frames, directions: directions)
                let every = Arrival(bus: passage.to, frames: .all, directions: directions)
                if seen.contains(every) || !seen.insert(arrival).inserted { continue }
                walks.append(Walk(arrival: arrival, link: number, previous: next))
            }
            next += 1
        }
        return nil
    }

    /// The links of a walk from its start.
    private mutating func way(to walk: Int, in walks: [Walk]) -> [Int] {
        var way: [Int] = []
        var place: Int? = walk
        while let number = place {
            way.append(walks[number].link)
            place = walks[number].previous
        }
        effort -= way.count
        return way.reversed()
    }

    /// The links of a path without those that lead in a circle back to a bus.
    private func withoutDetours(_ way: [Int], from bus: Int) -> [Int] {
        var left: [Int] = []
        /// The bus that each link reaches, and the index of the link for each bus.
        var passed: [Int] = []
        var places: [Int: Int] = [:]
        var here = bus
        for number in way {
            here = links[number].passage(from: here).to
            if let place = places[here] {
                for gone in passed[(place + 1)...] { places[gone] = nil }
                left.removeSubrange((place + 1)...)
                passed.removeSubrange((place + 1)...)
            } else {
                places[here] = left.count
                left.append(number)
                passed.append(here)
            }
        }
        return left
    }

    /// Whether ``RelayLoops`` reports the cycle: it follows `to`, or its reverse does and is closed too.
    private func isKnown(_ circle: [Int], from bus: Int) -> Bool {
        var directions: Directions = []
        var here = bus
        for number in circle {
            let passage = links[number].passage(from: here)
            directions.formUnion(passage.direction)
            here = passage.to
        }
        guard directions == .back else { return directions == .forward }
        var frames: FrameSet? = .all
        for number in circle { frames = frames?.intersection(links[number].near.frames) }
        return frames != nil
    }
}
