// SPDX-License-Identifier: Apache-2.0

public import Addresses

extension ServiceSchema {
    /// `service = "forward"`. Its keys are checked together with the listener's addresses, so they have a draft.
    public static let forward = ServiceSchema(
        "forward", reading: ForwardDraft(), keys: ForwardDraft.keys, required: [("to", "\"tcp://10.0.0.5:443\"")],
        resolve: { draft, listener, plan, host, diagnostics in
            ForwardResolver(host: host).resolve(draft, of: listener, under: plan, &diagnostics)
        })
}

extension ListenerDraft {
    /// The keys of `forward`, if that is the service.
    var forward: ForwardDraft? { values as? ForwardDraft }
}

extension ServiceSettings {
    /// The settings of a relay, if this is one.
    public var forward: ForwardSettings? { values as? ForwardSettings }
}

extension ForwardSettings: ServiceValues {
    /// The kinds of sockets that can be relayed to the upstreams.
    ///
    /// Streams to streams, seqpacket to seqpacket, datagrams to datagrams; with a framing all but seqpacket.
    public var kinds: Set<SocketKind>? {
        guard let kind = upstreams.first?.endpoint.scheme.kind else { return nil }
        let kinds = SocketKind.allCases
        if framing != nil { return Set(kinds.filter { $0.isByteStream || $0.isDatagram }) }
        return Set(kinds.filter { $0.isByteStream == kind.isByteStream && $0.isDatagram == kind.isDatagram })
    }
}
