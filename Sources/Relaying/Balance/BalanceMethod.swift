// SPDX-License-Identifier: Apache-2.0

/// `balance`: which upstream a connection goes to, of those that are up and below their `max-connections`.
public enum BalanceMethod: String, CaseIterable, Hashable, Sendable {
    /// The one with the fewest connections for its weight.
    case leastConnections = "least-connections"
    /// One after the other, as often as its weight says.
    case roundRobin = "round-robin"
    /// The better of two that are drawn by weight.
    case random
    /// The one that the client's address leads to, by a hash that moves few clients when the upstreams change.
    case sourceHash = "source-hash"
    /// The first that can be had, in the order of the file.
    case first
}
