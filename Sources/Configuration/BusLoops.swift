// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Finds frames that would go round between CAN buses for ever.
///
/// A listener that relays one bus to another passes frames both ways, and everybody on a bus but the sender hears them. So
/// two such listeners between the same buses, or three around three of them, hand a frame on that all their filters take
/// until the buses are full. Those that go round in the direction of `to` alone are for ``RelayLoops``.
struct BusLoops {
    /// What relays between two buses.
    private struct Link {
        let listener: String
        /// What is heard where it listens, and at the upstream.
        let near: Endpoint
        let far: Endpoint
        let upstream: WrittenAddress

        /// Where a frame of a bus comes to, and which frames do; nil if none of that bus does.
        func passage(from bus: EndpointLocation) -> (to: EndpointLocation, filters: [CANFilter], isForward: Bool)? {
            if near.location == bus { return (far.location, near.options.filters, true) }
            return far.location == bus ? (near.location, far.options.filters, false) : nil
        }
    }

    /// A frame on its way.
    private struct Walk {
        var bus: EndpointLocation
        /// Those that get here; none for all.
        var filters: [CANFilter]
        var links: [Int]
        /// How many of the links it has gone from where they listen to their upstream.
        var forward: Int
    }

    private var links: [Link] = []

    init(_ drafts: [ListenerDraft]) {
        for draft in drafts {
            let buses = (draft.addresses ?? []).map(\.endpoint).filter { $0.scheme == .can }
            for upstream in draft.forward.upstreams ?? [] where upstream.address.endpoint.scheme == .can {
                let far = upstream.address.endpoint
                links += buses.filter { $0.location != far.location }.map {
                    Link(listener: draft.name, near: $0, far: far, upstream: upstream.address)
                }
            }
        }
    }

    /// Reports each circle at the link that closes it, the last in the order of the files: one for each pair of links.
    func report(_ diagnostics: inout Diagnostics) {
        for last in links.indices {
            let link = links[last]
            for bus in [link.near.location, link.far.location] {
                guard let circle = circle(from: bus, over: last) else { continue }
                let names = Set(circle).sorted().map { "`\(links[$0].listener)`" }
                let other = circle.first { $0 != last } ?? last
                diagnostics.report(
                    "frames would go round for ever between the buses of the listeners \(names.joined(separator: " and "))",
                    at: link.upstream.span,
                    help: "let one listener alone relay between two buses, for it passes the frames of both; or give"
                        + " each end filters (?id=0x100&mask=0x700) that take no frame of the other",
                    related: (links[other].upstream.span, "the other way is here"))
                break
            }
        }
    }

    /// The links that a frame comes over back to a bus, the first of them `first`, and none behind it in the order.
    private func circle(from bus: EndpointLocation, over first: Int) -> [Int]? {
        guard let begin = links[first].passage(from: bus) else { return nil }
        var walks = [Walk(bus: begin.to, filters: begin.filters, links: [first], forward: begin.isForward ? 1 : 0)]
        while let walk = walks.popLast() {
            for next in 0..<first where !walk.links.contains(next) {
                guard let passage = links[next].passage(from: walk.bus),
                    let filters = CANFilter.intersection(walk.filters, passage.filters)
                else { continue }
                let forward = walk.forward + (passage.isForward ? 1 : 0)
                let links = walk.links + [next]
                if passage.to != bus {
                    walks.append(Walk(bus: passage.to, filters: filters, links: links, forward: forward))
                } else if !isKnown(links, forward: forward) {
                    return links
                }
            }
        }
        return nil
    }

    /// Whether such a circle is one of ``RelayLoops``: in the direction of `to`, or in the other where that is closed too.
    private func isKnown(_ circle: [Int], forward: Int) -> Bool {
        guard forward == 0 else { return forward == circle.count }
        var filters: [CANFilter]? = []
        for link in circle {
            filters = filters.flatMap { CANFilter.intersection($0, links[link].near.options.filters) }
        }
        return filters != nil
    }
}
