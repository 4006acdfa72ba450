// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy
import ProxyProtocol
import Relaying

/// Turns the keys of `forward` into settings and checks them against the listener's addresses.
struct ForwardResolver {
    let host: any HostLookup

    /// The settings of a listener whose service is `forward`; nil if they are incomplete.
    ///
    /// - Parameter plan: the plan of the listener.
    func resolve(
        _ draft: ForwardDraft, of listener: ListenerDraft, under plan: ListenerPlan, _ diagnostics: inout Diagnostics
    ) -> ForwardSettings? {
        var settings = draft.settings
        settings.balance = draft.balance?.value ?? settings.balance
        settings.sendProxy = draft.sendProxy?.value?.version
        settings.sendsProxyEach = draft.sendProxy?.value?.isForEach ?? false
        settings.source = draft.source.flatMap { address(of: $0, &diagnostics) }
        guard let upstreams = draft.upstreams else { return nil }
        for upstream in upstreams { upstream.checkTimers(under: plan, &diagnostics) }
        settings.upstreams = upstreams.map { $0.settings(under: plan) }
        settings.takesBusAsOne = takesBusAsOne(draft.flow, upstreams, of: listener, &diagnostics)
        settings.framing = draft.framing?.value
        if let ejection = draft.ejection { settings.eject = ejection.value }
        checkFamilies(upstreams, of: listener, framing: draft.framing, &diagnostics)
        checkFraming(draft.framing, upstreams, of: listener, &diagnostics)
        checkShares(upstreams, balance: draft.balance, &diagnostics)
        checkSendProxy(draft.sendProxy, upstreams, &diagnostics)
        checkHealth(settings.health, upstreams, &diagnostics)
        checkEjection(draft.ejection, health: settings.health, &diagnostics)
        checkSource(draft.source, upstreams, &diagnostics)
        return settings
    }

    // MARK: Families

    /// Checks that the listener and its upstreams can be relayed to each other.
    ///
    /// Seqpacket messages, datagrams and byte streams can each be relayed between any two sockets of that sort; between byte
    /// streams and datagrams a framing is needed.
    private func checkFamilies(
        _ upstreams: [UpstreamDraft], of listener: ListenerDraft, framing: Located<Framing?>?,
        _ diagnostics: inout Diagnostics
    ) {
        // For each sort of upstream the first listen address that it does not fit, so that they are searched only once.
        var misfits: [TransferUnit: WrittenAddress?] = [:]
        for upstream in upstreams {
            let unit = upstream.address.unit
            let other: WrittenAddress
            let note: String
            // The kind of a socket that systemd passes is known only at the start.
            let misfit =
                misfits[unit]
                ?? listener.addresses?.first {
                    $0.endpoint.scheme != .systemd && !$0.unit.fits(unit, framing: framing)
                }
            misfits[unit] = .some(misfit)
            if let address = misfit {
                (other, note) = (address, Self.listening)
            } else if let first = upstreams.first?.address, first.unit != unit {
                (other, note) = (first, "another upstream is of the other kind")
            } else {
                continue
            }
            let words =
                "`\(upstream.address.endpoint.scheme.rawValue)` \(unit.rawValue), and `\(other.endpoint.scheme.rawValue)`"
                + " \(other.unit.rawValue): neither can be relayed to the other"
            // A framing does not allow upstreams of different sorts.
            let lacksFraming = framing == nil && note == Self.listening
            if lacksFraming, unit != .messages, other.unit != .messages {
                diagnostics.report(
                    "\(words) without a framing", at: upstream.address.schemeSpan,
                    help:
                        "write framing = \"lines\" if each datagram is a line of the stream, or framing = \"length16\" if"
                        + " its length precedes it in two bytes",
                    related: (other.span, note))
                continue
            }
            diagnostics.report(
                words, at: upstream.address.schemeSpan,
                help:
                    "tcp, unix and vsock can be relayed to each other, udp, unix-dgram, can and rds to each other, and"
                    + " unix-seqpacket to unix-seqpacket",
                related: (other.span, note))
        }
    }

    private static var listening: String { "it listens here" }

    /// Checks that a health check of datagrams waits for an answer: a datagram socket connects even if nothing listens.
    private func checkHealth(
        _ health: HealthSettings?, _ upstreams: [UpstreamDraft], _ diagnostics: inout Diagnostics
    ) {
        guard let health else { return }
        if let bus = upstreams.first(where: { $0.address.endpoint.scheme == .can }) {
            guard health.send != nil || health.expect != nil else { return }
            return diagnostics.report(
                "a check of \(bus.address.endpoint) sends nothing: it only tests whether the interface is up",
                at: bus.address.span, help: "give `health` neither `send` nor `expect`")
        }
        guard health.send == nil || health.expect == nil,
            let upstream = upstreams.first(where: { $0.address.unit == .datagrams })
        else { return }
        diagnostics.report(
            "a check of \(upstream.address.endpoint) needs a request and a response", at: upstream.address.span,
            help: "give `health` both `send` and `expect`: sending alone does not show that it was received")
    }

    /// Reports `eject` beside `health`: the checks alone decide which upstreams are down.
    private func checkEjection(
        _ ejection: Located<EjectionSettings?>?, health: HealthSettings?, _ diagnostics: inout Diagnostics
    ) {
        guard let ejection, ejection.value != nil, health != nil else { return }
        diagnostics.report(
            "`eject` does nothing beside `health`, whose checks alone decide which upstreams are down",
            at: ejection.span,
            help: "remove one of them")
    }

    // MARK: Buses

    /// Whether all frames of a bus are one flow.
    ///
    /// Between two buses they are: otherwise a frame of the second bus would be sent to the first once for each flow of an
    /// identifier.
    private func takesBusAsOne(
        _ flow: Located<FlowSource>?, _ upstreams: [UpstreamDraft], of listener: ListenerDraft,
        _ diagnostics: inout Diagnostics
    ) -> Bool {
        let bus = upstreams.first { $0.address.endpoint.scheme == .can }?.address
        let listensOnBus = listener.addresses?.contains { $0.endpoint.scheme == .can } ?? true
        guard let flow else { return bus != nil && listensOnBus }
        if !listensOnBus {
            diagnostics.report(
                "`flow` is for frames of a CAN bus, and the listener `\(listener.name)` has no can address",
                at: flow.span, help: "remove the key: other datagrams have the flow of the address that they come from")
        } else if flow.value == .identifier, let bus {
            diagnostics.report(
                "between two buses all frames are one flow", at: flow.span,
                help: "remove the key: what the other bus sends would come once for every identifier of this one",
                related: (bus.span, "the other bus is here"))
        }
        return flow.value == .bus
    }

    // MARK: Shares

    private func checkShares(
        _ upstreams: [UpstreamDraft], balance: Located<BalanceMethod>?, _ diagnostics: inout Diagnostics
    ) {
        if balance?.value == .first {
            for upstream in upstreams {
                guard let weight = upstream.weight, weight.value > 1 else { continue }
                diagnostics.report(
                    "a weight of \(weight.value) means nothing with balance = \"first\"", at: weight.span,
                    help: "the order decides: leave it out, or write 0 for an upstream that accepts no new connections",
                    related: balance.map { ($0.span, "the balancing method is chosen here") })
            }
        }
        guard let first = upstreams.first else { return }
        if upstreams.allSatisfy({ $0.weight?.value == 0 }) {
            diagnostics.report(
                "no upstream accepts connections: the weight of each is 0",
                at: first.weight?.span ?? first.address.span,
                help: "leave one of them without a weight, or remove the listener, which lets its connections end")
        } else if upstreams.allSatisfy(\.isBackup) {
            diagnostics.report(
                "every upstream is a backup; there is no primary upstream", at: first.address.span,
                help: "leave out `backup` for those that are to be used first")
        }
    }

    // MARK: The PROXY header

    private func checkSendProxy(
        _ sendProxy: Located<ForwardDraft.Header?>?, _ upstreams: [UpstreamDraft], _ diagnostics: inout Diagnostics
    ) {
        guard let sendProxy, let choice = sendProxy.value, let upstream = upstreams.first?.address else { return }
        if let bus = upstreams.first(where: { $0.address.endpoint.scheme == .can })?.address {
            return diagnostics.report(
                "a PROXY header is no frame of a CAN bus", at: sendProxy.span, help: "remove the key",
                related: (bus.span, "the upstream is here"))
        }
        let (message, help): (String, String)
        switch (upstream.unit, choice.version, choice.isForEach) {
        case (.messages, _, _):
            (message, help) = (
                "a PROXY header is for streams of bytes and datagrams, and unix-seqpacket is neither", "remove the key"
            )
        case (.datagrams, .v1, _):
            (message, help) = ("version 1 of the PROXY protocol has no datagrams", "write \"v2\" or \"v2-each\"")
        case (.bytes, _, true):
            (message, help) = ("\"v2-each\" puts a header before each datagram, and this is a stream", "write \"v2\"")
        default:
            return
        }
        diagnostics.report(
            message, at: sendProxy.span, help: help, related: (upstream.span, "the upstream is here"))
    }

    // MARK: The source

    private func address(of source: Located<EndpointHost>, _ diagnostics: inout Diagnostics) -> SocketAddress? {
        switch source.value {
        case .ipv4(let ip):
            return .ipv4(ip, port: 0)
        case .ipv6(let ip, nil):
            return .ipv6(ip, port: 0, scope: 0)
        case .ipv6(let ip, let scope?):
            guard let index = host.index(ofScope: scope) else {
                diagnostics.reportInterface(scope, at: source.span)
                return nil
            }
            return .ipv6(ip, port: 0, scope: index)
        case .any, .name:
            return nil
        }
    }

    /// Reports a source if no upstream has its family; if some have, it applies to those.
    private func checkSource(
        _ source: Located<EndpointHost>?, _ upstreams: [UpstreamDraft], _ diagnostics: inout Diagnostics
    ) {
        guard let source else { return }
        let fits = upstreams.contains { upstream in
            switch (upstream.address.endpoint.location, source.value) {
            // The addresses of a name are known only at the start.
            case (.host(.name, _), _), (.host(.ipv4, _), .ipv4), (.host(.ipv6, _), .ipv6): true
            default: false
            }
        }
        if fits { return }
        let family =
            switch source.value {
            case .ipv4: "IPv4"
            case .ipv6, .any, .name: "IPv6"
            }
        diagnostics.report(
            "this is an \(family) address, and no upstream has one", at: source.span,
            help: "write a source of the family of an upstream, or remove the key")
    }
}

extension WrittenAddress {
    /// The unit of transfer of its sockets.
    var unit: TransferUnit {
        switch endpoint.scheme.kind {
        case .unixSeqpacket: .messages
        case .udp, .unixDatagram, .can, .rds: .datagrams
        case .tcp, .unixStream, .vsock, nil: .bytes
        }
    }
}

/// The unit that a socket transfers, in the words of messages.
enum TransferUnit: String {
    case bytes = "is a stream of bytes"
    case messages = "keeps messages apart"
    case datagrams = "has datagrams"

    /// Whether one can be relayed to the other.
    fileprivate func fits(_ other: Self, framing: Located<Framing?>?) -> Bool {
        self == other || (framing != nil && self != .messages && other != .messages)
    }
}
