// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Finds listeners whose connections come back to them: straight, or over other listeners of this daemon.
///
/// Only what can be seen without asking anybody is found: addresses, `localhost`, names that are listened on, paths. A
/// way that leads over other hosts, links or name servers is for the start and the hop count to stop.
struct RelayLoops<Host: HostLookup> {
    /// A listener that relays.
    private struct Relay {
        let draft: ListenerDraft
        /// Where its upstreams lead, if to one of these listeners.
        var ways: [Way] = []
    }

    private struct Way {
        let upstream: WrittenAddress
        /// The listener that it leads to, by its place in `relays`.
        let target: Int
        /// Where that listener says that it listens there.
        let listen: SourceSpan
    }

    private var relays: [Relay]

    init(_ drafts: [ListenerDraft], claims: AddressClaims, resolver: AddressResolver<Host>, host: Host) {
        relays = drafts.filter { $0.service?.isForward == true }.map { Relay(draft: $0) }
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
            for upstream in relays[number].draft.forward.upstreams ?? [] {
                let endpoint = upstream.address.endpoint
                if case .interface(let bus) = endpoint.location {
                    relays[number].ways += waysOver(bus, from: relays[number].draft, to: upstream.address)
                    continue
                }
                var targets: Set<Int> = []
                for address in Self.addresses(of: endpoint, resolver: resolver, host: host) {
                    guard let claim = claims.holder(of: address, kind: endpoint.scheme.kind ?? .tcp, isOwn: isOwn),
                        let target = numbers[claim.listener], targets.insert(target).inserted
                    else { continue }
                    relays[number].ways.append(Way(upstream: upstream.address, target: target, listen: claim.span))
                }
            }
        }
    }

    /// Everybody who listens on a bus hears what is sent there, if it passes the filters of both.
    private func waysOver(_ bus: String, from sender: ListenerDraft, to upstream: WrittenAddress) -> [Way] {
        relays.indices.compactMap { target in
            let listen = relays[target].draft.addresses?.first { address in
                guard address.endpoint.listens(on: bus) else { return false }
                return sender.addresses?.contains { $0.endpoint.mayPass(to: address.endpoint) } ?? false
            }
            return listen.map { Way(upstream: upstream, target: target, listen: $0.span) }
        }
    }

    /// The addresses that an upstream is known to have.
    private static func addresses(
        of endpoint: Endpoint, resolver: AddressResolver<Host>, host: Host
    ) -> [SocketAddress] {
        switch endpoint.location {
        case .host(.ipv4(let ip), let port):
            return [.ipv4(ip, port: port)]
        case .host(.ipv6(let ip, let scope), let port):
            return [.ipv6(ip, port: port, scope: scope.flatMap { host.index(ofScope: $0) } ?? 0)]
        case .host(.name(let name), let port):
            // RFC 6761 section 6.3 has the name and all below it on the loopback interface.
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
        case onTheWay(depth: Int)
        case done
    }

    /// Reports an upstream of each circle: the one that closes it, when one goes from listener to listener in the order of
    /// the files. Each way is gone once.
    func report(_ diagnostics: inout Diagnostics) {
        var marks = [Mark](repeating: .new, count: relays.count)
        for start in relays.indices where marks[start] == .new {
            // The listeners from the start to here, and which of its ways is the next for each.
            var path = [(relay: start, next: 0)]
            marks[start] = .onTheWay(depth: 0)
            while let (relay, next) = path.last {
                guard next < relays[relay].ways.count else {
                    marks[relay] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let way = relays[relay].ways[next]
                switch marks[way.target] {
                case .new:
                    marks[way.target] = .onTheWay(depth: path.count)
                    path.append((way.target, 0))
                case .onTheWay(let depth):
                    report(way, closing: path[depth...].lazy.map(\.relay), &diagnostics)
                case .done:
                    break
                }
            }
        }
    }

    private func report(
        _ way: Way, closing circle: some RandomAccessCollection<Int>, _ diagnostics: inout Diagnostics
    ) {
        let name = { (number: Int) in "`\(relays[number].draft.name)`" }
        guard circle.count > 1 else {
            diagnostics.report(
                "\(way.upstream.endpoint) is the listener \(name(way.target)) itself", at: way.upstream.span,
                help: "choose another upstream, or another address to listen on",
                related: (way.listen, "it listens here"))
            return
        }
        // From where the upstream stands all the way round, but no more names than one can follow.
        var names = circle.suffix(1).map(name)
        if circle.count > Self.shown {
            names += circle.prefix(Self.shown / 2).map(name) + ["…"] + circle.suffix(Self.shown / 2).map(name)
        } else {
            names += circle.map(name)
        }
        diagnostics.report(
            "\(way.upstream.endpoint) leads round in a circle: \(names.joined(separator: " -> "))",
            at: way.upstream.span, help: "let one of these listeners relay to somebody else",
            related: (way.listen, "\(name(way.target)) listens here"))
    }

    private static var shown: Int { 8 }
}

extension ServiceSettings {
    fileprivate var isForward: Bool {
        if case .forward = self { return true }
        return false
    }
}

extension Endpoint {
    /// Whether frames of a CAN bus come in here.
    fileprivate func listens(on bus: String) -> Bool {
        guard case .interface(let name) = location else { return false }
        return name == bus || name == "*"
    }

    /// Whether something that comes in here passes the filters of another address.
    fileprivate func mayPass(to other: Endpoint) -> Bool {
        guard case .interface = location else { return true }
        return CANFilter.intersection(options.filters, other.options.filters) != nil
    }
}
