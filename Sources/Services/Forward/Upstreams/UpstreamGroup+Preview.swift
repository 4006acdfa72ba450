// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Configuration
import LinuxSystem
package import Records
import Relaying

/// What the next connection from a client would get, if it came now.
package struct UpstreamPreview: Sendable {
    /// The choice.
    package enum Choice: Equatable, Sendable {
        /// The upstream with this address, as the configuration has it.
        case upstream(String)
        /// It would wait for a free place, behind this number of others.
        case waits(behind: Int)
        /// It would be refused.
        case refused(Refusal)
    }

    /// The balancing method, as the configuration has it.
    package let balance: String

    /// Whether the address of the client decides.
    package let dependsOnClient: Bool

    package let choice: Choice
}

extension ActiveService {
    /// What the next connection from a client would get; nil for a service without upstreams.
    ///
    /// - Parameter isFlow: whether it is a flow of datagrams, which does not wait for a free place.
    package func preview(for client: SocketAddress, isFlow: Bool, at now: UInt64 = Clock.monotonic) -> UpstreamPreview?
    {
        upstreams.map { $0.group.preview(for: client, isFlow: isFlow, at: now) }
    }
}

extension UpstreamGroup {
    /// What the next connection from a client would get. Counts nothing, and claims nothing.
    func preview(for client: SocketAddress, isFlow: Bool, at now: UInt64) -> UpstreamPreview {
        UpstreamPreview(
            balance: settings.balance.rawValue, dependsOnClient: settings.balance == .sourceHash,
            choice: previewedChoice(for: client, isFlow: isFlow, at: now))
    }

    private func previewedChoice(
        for client: SocketAddress, isFlow: Bool, at now: UInt64
    ) -> UpstreamPreview.Choice {
        let source = Balancer.sourceHash(of: client, uid: nil)
        let balancer = balancer
        var choice = balance(balancer, ticket: ticketOfNext, source: source, tried: MemberSet(), at: now)
        if case .noneAvailable = choice { choice = balanceEjected(balancer, tried: MemberSet()) }
        switch choice {
        case .member(let index): return .upstream(settings.upstreams[index].endpoint.description)
        case .noneAvailable: return .refused(.upstreamsDown)
        case .withdrawn: return .refused(.upstreamsWithdrawn)
        case .allBusy:
            let limit = isFlow ? 0 : settings.queueLimit
            let waiting = queue.length
            return waiting < limit ? .waits(behind: waiting) : .refused(.queueLimit(limit))
        }
    }
}
