// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Finds listeners whose connections would come back to them: directly, or over other listeners of this daemon.
///
/// Only what is visible without any look-up is found: addresses, `localhost`, names that are also listened on, paths. Loops over
/// other hosts, symbolic links or name servers are left to the checks at the start and to the hop count.
struct RelayLoops<Host: HostLookup> {
    /// A listener that relays.
    private struct Relay {
        let draft: ListenerDraft
        var routes: [Route] = []
        /// The frames of a bus that it may receive; nil if none. A listener without a bus may relay any frame.
        let frames: FrameSet?
        /// An index of ``frames``; made when it is first needed.
        var index: FrameIndex?
    }

    /// The target of an upstream.
    private enum Route {
        case edge(Edge)
        /// To every listener on a bus.
        case bus(String, upstream: WrittenAddress)
    }

    private struct Edge {
        let upstream: WrittenAddress
        /// The listener that it leads to: its index in `relays`.
        let target: Int
        /// The place of the address on which that listener listens.
        let listen: SourceSpan
    }

    /// An address on a bus, with the listener that has it.
    private struct Receiver {
        let target: Int
        let listen: SourceSpan
        let frames: FrameSet
    }

    /// The addresses on one bus, as indices in `receivers`.
    private struct Bus {
        var numbers: [Int] = []
        var index = FrameIndex()
    }

    private var relays: [Relay]
    private var receivers: [Receiver] = []
    private var onBus: [String: Bus] = [:]

    init(_ drafts: [ListenerDraft], claims: AddressClaims, resolver: AddressResolver<Host>, host: Host) {
        relays = drafts.filter { $0.forward != nil }.map { Relay(draft: $0, frames: Self.frames(of: $0)) }
        let numbers = Dictionary(
            relays.enumerated().map { ($0.element.draft.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var own: Set<SocketAddress>?
        let isOwn = { (address: SocketAddress) in
            if address.isLoopback { return true }
            let known = own ?? Set(host.ownAddresses())
            own = known
            return known.contains(address)
        }
        for number in relays.indices {
            for address in relays[number].draft.addresses ?? [] { noteReceiver(address, of: number) }
            for upstream in relays[number].draft.forward?.upstreams ?? [] {
                let endpoint = upstream.address.endpoint
                if case .interface(let bus) = endpoint.location {
                    relays[number].routes.append(.bus(bus, upstream: upstream.address))
                    continue
                }
                var targets: Set<Int> = []
                for address in Self.addresses(of: endpoint, resolver: resolver, host: host) {
                    guard let claim = claims.holder(of: address, kind: endpoint.scheme.kind ?? .tcp, isOwn: isOwn),
                        let target = numbers[claim.listener], targets.insert(target).inserted
                    else { continue }
                    relays[number].routes.append(
                        .edge(Edge(upstream: upstream.address, target: target, listen: claim.span)))
                }
            }
        }
    }

    private static func frames(of draft: ListenerDraft) -> FrameSet? {
        guard let addresses = draft.addresses, !addresses.isEmpty else { return nil }
        return FrameSet(
            joining: addresses.map { $0.endpoint.bus == nil ? .all : FrameSet($0.endpoint.options.filters) })
    }

    private mutating func noteReceiver(_ address: WrittenAddress, of relay: Int) {
        guard let bus = address.endpoint.bus else { return }
        let receiver = Receiver(target: relay, listen: address.span, frames: FrameSet(address.endpoint.options.filters))
        onBus[bus, default: Bus()].numbers.append(receivers.count)
        onBus[bus]?.index.add(receiver.frames, receivers.count)
        receivers.append(receiver)
    }

    /// The known addresses of an upstream.
    private static func addresses(
        of endpoint: Endpoint, resolver: AddressResolver<Host>, host: Host
    ) -> [SocketAddress] {
        switch endpoint.location {
        case .host(.ipv4(let ip), let port):
            return [.ipv4(ip, port: port)]
        case .host(.ipv6(let ip, let scope), let port):
            return [.ipv6(ip, port: port, scope: scope.flatMap { host.index(ofScope: $0) } ?? 0)]
        case .host(.name(let name), let port):
            // RFC 6761 section 6.3: `localhost` and all names below it resolve to the loopback address.
            let lowercased = name.lowercased()
            if lowercased == "localhost" || lowercased.hasSuffix(".localhost") {
                return [.ipv4(.loopback, port: port), .ipv6(.loopback, port: port, scope: 0)]
            }
            return (resolver.known(name) ?? []).map { $0.with(port: port) }
        case .path(let path):
            return [.unix(path: path)]
        case .abstract(let name):
            return [.abstract(name: name)]
        case .vsock(let cid, let port):
            return [.vsock(cid: cid, port: port)]
        case .host(.any, _), .interface, .passed:
            return []
        }
    }

    // MARK: The search

    private enum Mark: Equatable {
        case new
        case onPath(depth: Int)
        case done
    }

    /// A listener on the current path of the depth-first search.
    private struct Step {
        let relay: Int
        /// The index of its next route.
        var route = 0
        /// The targets of the current route, and the index of the next one.
        var edges: [Edge] = []
        var edge = 0
    }

    /// Reports one upstream for each cycle: the one that closes it in a depth-first search in file order.
    ///
    /// Each edge is followed once, and no listener is visited again after its search is done.
    mutating func report(_ diagnostics: inout Diagnostics) {
        var marks = [Mark](repeating: .new, count: relays.count)
        var found = 0
        for start in relays.indices where marks[start] == .new {
            var path = [Step(relay: start)]
            marks[start] = .onPath(depth: 0)
            while let step = path.last {
                guard step.edge < step.edges.count else {
                    if step.route < relays[step.relay].routes.count {
                        path[path.count - 1].route += 1
                        path[path.count - 1].edges = edges(step.route, of: step.relay) { marks[$0] == .done }
                        path[path.count - 1].edge = 0
                    } else {
                        marks[step.relay] = .done
                        path.removeLast()
                    }
                    continue
                }
                path[path.count - 1].edge += 1
                let edge = step.edges[step.edge]
                switch marks[edge.target] {
                case .new:
                    marks[edge.target] = .onPath(depth: path.count)
                    path.append(Step(relay: edge.target))
                case .onPath(let depth):
                    report(edge, closing: path[depth...].lazy.map(\.relay), &diagnostics)
                    found += 1
                    if found == Self.limit { return }
                case .done:
                    break
                }
            }
        }
    }

    /// The targets of a route, without listeners whose search is done.
    private mutating func edges(_ route: Int, of relay: Int, isDone: (Int) -> Bool) -> [Edge] {
        let (bus, upstream): (String, WrittenAddress)
        switch relays[relay].routes[route] {
        case .edge(let edge): return [edge]
        case .bus(let name, let address): (bus, upstream) = (name, address)
        }
        // Every listener on a bus receives the frames that are sent there, if they pass the filters of both.
        var numbers = receivers(of: bus, from: relay, isDone: isDone)
        if bus != "*" { numbers += receivers(of: "*", from: relay, isDone: isDone) }
        var targets: Set<Int> = []
        return numbers.sorted().compactMap { number in
            let receiver = receivers[number]
            guard targets.insert(receiver.target).inserted else { return nil }
            return Edge(upstream: upstream, target: receiver.target, listen: receiver.listen)
        }
    }

    private mutating func receivers(of bus: String, from relay: Int, isDone: (Int) -> Bool) -> [Int] {
        guard let frames = relays[relay].frames, let numbers = onBus[bus]?.numbers else { return [] }
        let receivers = self.receivers
        guard numbers.count < frames.patterns.count else {
            return onBus[bus]?.index.numbers(for: frames) { isDone(receivers[$0].target) } ?? []
        }
        // Few addresses on the bus and many filters: look up each address in an index of the filters.
        if relays[relay].index == nil {
            var index = FrameIndex()
            index.add(frames, 0)
            relays[relay].index = index
        }
        return numbers.filter { number in
            !isDone(receivers[number].target) && relays[relay].index?.first(for: receivers[number].frames) != nil
        }
    }

    private func report(
        _ edge: Edge, closing circle: some RandomAccessCollection<Int>, _ diagnostics: inout Diagnostics
    ) {
        let name = { (number: Int) in "`\(relays[number].draft.name)`" }
        guard circle.count > 1 else {
            diagnostics.report(
                "\(edge.upstream.endpoint) is the listener \(name(edge.target)) itself", at: edge.upstream.span,
                help: "choose another upstream, or another address to listen on",
                related: (edge.listen, "it listens here"))
            return
        }
        // The whole cycle, beginning with the listener of the upstream; long lists of names are shortened.
        var names = circle.suffix(1).map(name)
        if circle.count > Self.shown {
            names += circle.prefix(Self.shown / 2).map(name) + ["…"] + circle.suffix(Self.shown / 2).map(name)
        } else {
            names += circle.map(name)
        }
        diagnostics.report(
            "relay loop through \(edge.upstream.endpoint): \(names.joined(separator: " -> "))",
            at: edge.upstream.span, help: "give one of these listeners another upstream",
            related: (edge.listen, "\(name(edge.target)) listens here"))
    }

    private static var shown: Int { 8 }

    /// How many cycles are reported: many listeners on one bus form as many cycles as there are pairs of them.
    private static var limit: Int { 1000 }
}

extension Endpoint {
    /// The bus of an address; nil if it is not a CAN address.
    fileprivate var bus: String? {
        if case .interface(let name) = location { return name }
        return nil
    }
}
