// SPDX-License-Identifier: Apache-2.0

/// What a listener would do with a connection, if it came now.
package struct Verdict: Codable, Hashable, Sendable {
    /// The decision.
    package enum Outcome: String, Codable, Sendable {
        /// It is served.
        case accepted
        /// It waits: in the backlog, or for an upstream.
        case waits
        /// It is closed at once.
        case refused
        /// No socket of the listener can be reached from there.
        case unreachable
    }

    package var listener: String
    package var service: String
    package var outcome: Outcome
    /// The rule that refuses it, by its name in the counts of a status.
    package var refusal: String?
    /// Why it is not accepted, in words.
    package var reason: String?
    /// The sockets that can be reached from there.
    package var addresses: [String] = []
    package var connections = 0
    /// `max-connections`; nil for none.
    package var limit: Int?
    /// Whether it has to begin with a PROXY header, which is believed.
    package var proxyHeader = false
    /// How the upstream is chosen; nil for a service without upstreams.
    package var balance: String?
    /// The upstream that it would get; nil for none, or if a PROXY header decides.
    package var upstream: String?
    /// The upstreams to choose from.
    package var upstreams: [UpstreamStatus] = []

    package init(listener: String, service: String, outcome: Outcome) {
        self.listener = listener
        self.service = service
        self.outcome = outcome
    }

    private enum CodingKeys: String, CodingKey {
        case listener, service, outcome, refusal, reason, addresses, connections, limit, balance, upstream, upstreams
        case proxyHeader = "proxy_header"
    }
}

extension ControlParameters {
    /// Of `Explain`.
    package struct Explain: VarlinkParameters, Codable, Hashable, Sendable {
        /// The IP address of the client.
        package var address: String
        /// The only listener to ask about; nil for all.
        package var listener: String?

        package init(address: String, listener: String? = nil) {
            self.address = address
            self.listener = listener
        }

        package enum CodingKeys: CodingKey, CaseIterable { case address, listener }
    }
}

extension ControlResults {
    /// Of `Explain`.
    package struct Explain: Codable, Hashable, Sendable {
        /// The connections of the daemon, and `max-connections` of `[daemon]`.
        package var connections: Int
        package var limit: Int
        package var verdicts: [Verdict]

        package init(connections: Int, limit: Int, verdicts: [Verdict]) {
            self.connections = connections
            self.limit = limit
            self.verdicts = verdicts
        }
    }
}
