// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Finds frames that would go round between CAN buses for ever.
///
/// A listener that relays one bus to another passes frames both ways, and everybody on a bus but the sender hears them. So
/// two such listeners between the same buses, or three around three of them, hand a frame on that all their filters take
/// until the buses are full. Those that go round in the direction of `to` alone are for ``RelayLoops``.
struct BusLoops {
    /// One end of a relay: a bus, by its number, and which of its frames are heard there.
    private struct End {
        let bus: Int
        let frames: FrameSet
        let address: WrittenAddress
    }

    /// A listener with the buses where it listens, and its upstreams.
    private struct Relay {
        let listener: String
        let near: [End]
        let far: [End]
    }

    /// What relays between two buses.
    private struct Link {
        let listener: String
        let near: End
        let far: End

        /// Where a frame that is heard on a bus comes to, and what is heard there.
        func passage(from bus: Int) -> (to: Int, frames: FrameSet, direction: Directions) {
            near.bus == bus ? (far.bus, near.frames, .forward) : (near.bus, far.frames, .back)
        }
    }

    /// In which directions links were passed.
    private struct Directions: OptionSet, Hashable {
        let rawValue: UInt8
        /// From where it listens to the upstream.
        static let forward = Directions(rawValue: 1)
        static let back = Directions(rawValue: 2)
    }

    /// The frames that get to a bus, which is all that matters for the rest of their way.
    private struct Arrival: Hashable {
        let bus: Int
        let frames: FrameSet
        let directions: Directions
    }

    /// An arrival, the link over which it came, and the walk before that.
    private struct Walk {
        let arrival: Arrival
        let link: Int
        let previous: Int?
    }

    private var relays: [Relay] = []
    private var buses: [EndpointLocation: Int] = [:]

    private var links: [Link] = []
    /// The links at each bus, by the frames that they hear there.
    private var onBus: [FrameIndex] = []
    /// Buses between which there is a way, as a forest: the parent of each.
    private var parents: [Int] = []
    /// How many steps the search may still take. Which frames get somewhere can depend on every subset of the filters, so
    /// there are configurations for which no search ends in time.
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

    /// Reports each circle at the link that closes it, the last in the order of the files: one for each pair of links.
    mutating func report(_ diagnostics: inout Diagnostics) {
        for relay in relays {
            // Each of its links would close one more circle.
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

    /// Whether a listener alone lets all frames go round, from one of its buses to one upstream and back over another: one
    /// of its buses, and the two upstreams.
    private static func ownCircle(_ relay: Relay) -> (near: End, far: End, otherFar: End)? {
        guard let near = pair(relay.near), let far = pair(relay.far) else { return nil }
        let ends = [near.0, near.1, far.0, far.1].map(\.bus)
        return Set(ends).count == 4 ? (near.0, far.1, far.0) : nil
    }

    /// Two different buses of which all frames are heard.
    private static func pair(_ ends: [End]) -> (End, End)? {
        let all = ends.lazy.filter { $0.frames == .all }
        guard let first = all.first, let second = all.first(where: { $0.bus != first.bus }) else { return nil }
        return (first, second)
    }

    /// Adds a link, and reports it if it closes a circle.
    private mutating func add(_ link: Link, _ diagnostics: inout Diagnostics) {
        let number = links.count
        links.append(link)
        effort -= 1
        // Where there was no way between two buses, one link more makes none back.
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
        // No more names than one can follow.
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

    /// Notes that there is a way between two buses; false if there was one.
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

    /// The links that a frame comes over back to a bus, the first of them `first`, and none behind it in the order.
    ///
    /// What is left of a way when its detours are cut out takes at least the same frames. So it is enough to go on once from
    /// each arrival.
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
                    // In the direction of `to` alone it is one of `RelayLoops` anyway.
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

    /// The links of a walk from its beginning.
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

    /// The links of a way that are left when it takes no bus twice.
    private func withoutDetours(_ way: [Int], from bus: Int) -> [Int] {
        var left: [Int] = []
        /// The buses behind each of them, and which is where.
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

    /// Whether such a circle is one of ``RelayLoops``: in the direction of `to`, or in the other where that is closed too.
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
