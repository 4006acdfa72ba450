// SPDX-License-Identifier: Apache-2.0

import Addresses
import Relaying

extension ForwardResolver {
    /// Checks that a framing is used between a stream and datagrams, and that it can carry them.
    func checkFraming(
        _ framing: Located<Framing?>?, _ upstreams: [UpstreamDraft], of listener: ListenerDraft,
        _ diagnostics: inout Diagnostics
    ) {
        guard let framing, let upstream = upstreams.first?.address, let addresses = listener.addresses else { return }
        // The kind of a socket that systemd passes is known only at the start.
        let isForSome = addresses.contains { $0.endpoint.scheme == .systemd || $0.unit != upstream.unit }
        if !isForSome, let address = addresses.first {
            return diagnostics.report(
                "`framing` is for a stream on one side and datagrams on the other: `\(address.endpoint.scheme.rawValue)`"
                    + " \(address.unit.rawValue), and `\(upstream.endpoint.scheme.rawValue)` \(upstream.unit.rawValue) too",
                at: framing.span, help: "remove the key", related: (upstream.span, "the upstream is here"))
        }
        guard framing.value == .lines,
            let bus = (addresses + upstreams.map(\.address)).first(where: { $0.endpoint.scheme == .can })
        else { return }
        diagnostics.report(
            "a frame of a CAN bus is no line: any of its bytes may be a line feed", at: framing.span,
            help: "write framing = \"length16\"", related: (bus.span, "the bus is here"))
    }
}
