// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import ProxyProtocol

/// Turns what a listener says of `forward` into settings, once it is known where the listener listens, and reports what
/// cannot work.
struct ForwardResolver<Host: HostLookup> {
    let host: Host

    /// The settings of a listener whose service is `forward`; nil if they are incomplete.
    func resolve(_ listener: ListenerDraft, _ diagnostics: inout Diagnostics) -> ForwardSettings? {
        let draft = listener.forward
        var settings = draft.settings
        settings.balance = draft.balance?.value ?? settings.balance
        settings.sendProxy = draft.sendProxy?.value
        settings.source = draft.source.flatMap { address(of: $0, &diagnostics) }
        guard let upstreams = draft.upstreams else { return nil }
        settings.upstreams = upstreams.map(\.settings)
        checkFamilies(upstreams, of: listener, &diagnostics)
        checkShares(upstreams, balance: draft.balance, &diagnostics)
        checkSendProxy(draft.sendProxy, upstreams, &diagnostics)
        checkSource(draft.source, upstreams, &diagnostics)
        return settings
    }

    // MARK: Families

    /// Messages go from one seqpacket socket to another, and bytes from any stream to any other.
    private func checkFamilies(
        _ upstreams: [UpstreamDraft], of listener: ListenerDraft, _ diagnostics: inout Diagnostics
    ) {
        for upstream in upstreams {
            let keepsMessages = upstream.address.keepsMessages
            let related: (span: SourceSpan, note: String)
            // Of a socket that systemd passes, only the start will show what it is.
            if let address = listener.addresses?.first(where: {
                $0.endpoint.scheme != .systemd && $0.keepsMessages != keepsMessages
            }) {
                related = (address.span, "it listens here")
            } else if let first = upstreams.first?.address, first.keepsMessages != keepsMessages {
                related = (first.span, "another upstream is of the other kind")
            } else {
                continue
            }
            diagnostics.report(
                keepsMessages
                    ? "a stream of bytes cannot be relayed to unix-seqpacket, which keeps messages apart"
                    : "unix-seqpacket keeps messages apart, and cannot be relayed to a stream of bytes",
                at: upstream.address.schemeSpan,
                help: "tcp, unix and vsock can be relayed to each other, and unix-seqpacket to unix-seqpacket",
                related: related)
        }
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
                    help: "the order decides: leave it out, or write 0 for an upstream that takes no new connections",
                    related: balance.map { ($0.span, "the balancing method is chosen here") })
            }
        }
        guard let first = upstreams.first else { return }
        if upstreams.allSatisfy({ $0.weight?.value == 0 }) {
            diagnostics.report(
                "no upstream takes connections: the weight of each is 0", at: first.weight?.span ?? first.address.span,
                help: "leave one of them without a weight, or remove the listener, which lets its connections end")
        } else if upstreams.allSatisfy(\.isBackup) {
            diagnostics.report(
                "every upstream is a backup, and there is none that it is for", at: first.address.span,
                help: "leave out `backup` for those that are to be used first")
        }
    }

    // MARK: The PROXY header

    private func checkSendProxy(
        _ sendProxy: Located<ProxyVersion?>?, _ upstreams: [UpstreamDraft], _ diagnostics: inout Diagnostics
    ) {
        guard let sendProxy, sendProxy.value != nil, let upstream = upstreams.first(where: \.address.keepsMessages)
        else { return }
        diagnostics.report(
            "a PROXY header is for streams of bytes, and unix-seqpacket is none", at: sendProxy.span,
            help: "remove the key", related: (upstream.address.span, "the upstream is here"))
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

    /// A source that no upstream can be reached from is a mistake; where only some can, it is for those.
    private func checkSource(
        _ source: Located<EndpointHost>?, _ upstreams: [UpstreamDraft], _ diagnostics: inout Diagnostics
    ) {
        guard let source else { return }
        let fits = upstreams.contains { upstream in
            switch (upstream.address.endpoint.location, source.value) {
            // What a name stands for, only the start will show.
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
    /// Whether its connections keep the bounds of messages.
    fileprivate var keepsMessages: Bool { endpoint.scheme == .unixSeqpacket }
}
