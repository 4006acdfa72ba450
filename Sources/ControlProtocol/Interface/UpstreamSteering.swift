// SPDX-License-Identifier: Apache-2.0

/// What an operator may ask of an upstream.
package enum WantedUpstreamState: String, Codable, CaseIterable, Sendable {
    /// It gets connections again.
    case enabled
    /// It gets no new connections; checks continue.
    case draining
    /// It gets no new connections, and is not checked.
    case disabled
}

extension ControlParameters {
    /// Of `SetUpstream`. What is nil stays as it is.
    package struct SetUpstream: VarlinkParameters, Codable, Hashable, Sendable {
        package var listener: String
        /// The address as the configuration has it, with or without its scheme.
        package var upstream: String
        package var state: WantedUpstreamState?
        /// 0...256.
        package var weight: Int?

        package init(listener: String, upstream: String, state: WantedUpstreamState? = nil, weight: Int? = nil) {
            self.listener = listener
            self.upstream = upstream
            self.state = state
            self.weight = weight
        }

        package enum CodingKeys: CodingKey, CaseIterable { case listener, upstream, state, weight }
    }

    /// Of `ResetUpstream`.
    package struct ResetUpstream: VarlinkParameters, Codable, Hashable, Sendable {
        package var listener: String
        /// The only upstream to reset; nil for all of the listener.
        package var upstream: String?

        package init(listener: String, upstream: String? = nil) {
            self.listener = listener
            self.upstream = upstream
        }

        package enum CodingKeys: CodingKey, CaseIterable { case listener, upstream }
    }
}
