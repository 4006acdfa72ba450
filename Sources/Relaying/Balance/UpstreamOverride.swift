// SPDX-License-Identifier: Apache-2.0

/// What an operator has set for an upstream, in place of what the configuration says.
///
/// It concerns what is new: open connections and flows keep their upstream.
package struct UpstreamOverride: Hashable, Sendable {
    /// How an operator keeps new connections from an upstream.
    package enum State: Hashable, Sendable {
        /// It gets no new connections. Checks continue.
        case draining
        /// It gets no new connections, and is not checked.
        case disabled
    }

    /// What an operator asks for. What is nil stays as it is.
    package struct Change: Hashable, Sendable {
        /// The state to set.
        package enum State: Hashable, Sendable {
            /// Ends ``UpstreamOverride/State/draining`` and ``UpstreamOverride/State/disabled``.
            case enabled
            case draining
            case disabled
        }

        package var state: State?
        /// The share relative to the other upstreams: 0...256.
        package var weight: Int?

        /// Makes one with these values.
        package init(state: State? = nil, weight: Int? = nil) {
            self.state = state
            self.weight = weight
        }
    }

    /// The weights that an upstream may have.
    package static let weights = 0...256

    /// The state that was set; nil if the upstream gets connections.
    package private(set) var state: State?

    /// The weight that was set; nil for that of the configuration.
    package private(set) var weight: Int?

    /// Makes one that changes nothing.
    package init() {}

    /// Whether nothing is set.
    package var isEmpty: Bool { self == UpstreamOverride() }

    /// Whether new connections are kept from the upstream, whatever the configuration says.
    package var isWithdrawn: Bool { state != nil || weight == 0 }

    /// Whether the upstream is checked, if the configuration has checks.
    package var isChecked: Bool { state != .disabled }

    /// What is set after a change.
    package func changed(by change: Change) -> UpstreamOverride {
        var next = self
        switch change.state {
        case nil: break
        case .enabled: next.state = nil
        case .draining: next.state = .draining
        case .disabled: next.state = .disabled
        }
        if let weight = change.weight { next.weight = weight }
        return next
    }
}

extension Balancer.Member {
    /// The member with what an operator has set for it.
    package func overridden(by override: UpstreamOverride) -> Balancer.Member {
        var member = self
        member.weight = override.weight ?? weight
        // One that the configuration gives no connections is not withdrawn by the operator.
        member.isWithdrawn = override.isWithdrawn && (weight > 0 || member.weight > 0)
        return member
    }
}
