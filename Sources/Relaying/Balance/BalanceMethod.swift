// SPDX-License-Identifier: Apache-2.0

/// `balance`: how an upstream is chosen among those that are up and below their `max-connections`.
public enum BalanceMethod: String, CaseIterable, Hashable, Sendable {
    /// The upstream with the fewest connections relative to its weight.
    case leastConnections = "least-connections"
    /// Each upstream in turn, as often as its weight says.
    case roundRobin = "round-robin"
    /// The less loaded of two upstreams drawn at random by weight.
    case random
    /// The upstream that a hash of the client's address selects. A change of the upstreams moves few clients.
    case sourceHash = "source-hash"
    /// The first available one, in the order of the file.
    case first
}
