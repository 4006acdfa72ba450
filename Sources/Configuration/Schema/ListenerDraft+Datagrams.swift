// SPDX-License-Identifier: Apache-2.0

import Addresses
import Policy

extension ListenerDraft {
    /// Reports what is impossible with datagrams, and what may harm other hosts.
    func checkDatagrams(_ resolved: [ListenAddress], _ diagnostics: inout Diagnostics) {
        let datagrams = (addresses ?? []).filter { $0.endpoint.scheme.kind?.isDatagram == true }
        if let first = datagrams.first { checkService(first, &diagnostics) }
        checkAmplification(resolved, &diagnostics)
    }

    /// Reports flows that would never end.
    ///
    /// A flow has no EOF: without a timeout, each source that has sent once would count against `max-connections` for
    /// ever. Flows of a CAN bus are not checked, since the number of its identifiers is limited.
    func checkFlowsEnd(under plan: ListenerPlan, _ diagnostics: inout Diagnostics) {
        let isInherited = !own.has("idle-timeout")
        guard plan.flowIdleTimeout == nil, plan.lifetime == nil,
            let address = addresses?.first(where: {
                $0.endpoint.scheme.kind?.isDatagram == true && $0.endpoint.scheme != .can
            })
        else { return }
        diagnostics.report(
            "without an `idle-timeout` no flow of \(address.endpoint) would ever end, and new sources would be refused at"
                + " max-connections",
            at: self.span(of: "idle-timeout") ?? span,
            help: isInherited
                ? "[defaults] turns it off: give this listener an idle-timeout of its own, such as \"30s\", or a lifetime"
                : "write a long one, such as \"1h\", or add a lifetime")
    }

    private func checkService(_ address: WrittenAddress, _ diagnostics: inout Diagnostics) {
        if let source = acceptProxy?.first {
            diagnostics.report(
                "a PROXY header needs a stream, and \(address.endpoint) is a datagram socket", at: source.span,
                help: "remove `accept-proxy`, or give the datagrams a listener of their own",
                related: (address.span, "the address is here"))
        }
    }

    /// Reports addresses of kinds that the service cannot serve.
    func checkKinds(_ diagnostics: inout Diagnostics) {
        for address in addresses ?? [] {
            guard let kind = address.endpoint.scheme.kind, let service, let reason = service.unfit[kind] else {
                continue
            }
            let place = kind == .can ? "on a CAN bus" : "over \(kind.scheme)"
            diagnostics.report(
                "the service `\(service.name)` cannot be used \(place): \(reason)", at: address.schemeSpan,
                help: "\(kind.scheme):// has the services \(diagnostics.services.list { $0.unfit[kind] == nil })")
        }
    }

    /// Reports a service whose answers are longer than the requests: a forged source could use it to flood a victim.
    private func checkAmplification(_ resolved: [ListenAddress], _ diagnostics: inout Diagnostics) {
        guard service?.amplifies == true else {
            guard let allowAmplification, let service else { return }
            diagnostics.report(
                "`allow-amplification` means nothing for the service `\(service.name)`", at: allowAmplification.span,
                help: "remove the key; it is for \(diagnostics.services.list(where: \.amplifies)) over UDP")
            return
        }
        if allowAmplification?.value == true { return }
        guard resolved.count == addresses?.count else { return }
        for (address, written) in zip(resolved, addresses ?? []) {
            guard case .bind(.udp, let places, _) = address.target, !places.allSatisfy(\.isLoopback) else { continue }
            diagnostics.report(
                "\(service?.name ?? "") over UDP sends more than it receives, to a source that may be forged",
                at: written.span,
                help: "anybody could use it to flood others; listen on 127.0.0.1 or [::1], or write"
                    + " allow-amplification = true if only trusted hosts reach it")
        }
    }
}

extension Endpoint {
    /// Whether it is a multicast group.
    var isMulticast: Bool {
        switch location {
        case .host(.ipv4(let ip), let port): SocketAddress.ipv4(ip, port: port).isMulticast
        case .host(.ipv6(let ip, _), let port): SocketAddress.ipv6(ip, port: port, scope: 0).isMulticast
        default: false
        }
    }
}
