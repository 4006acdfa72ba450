// SPDX-License-Identifier: Apache-2.0

/// A flow that was admitted, before its service has made it: what is known of it, and its port.
///
/// Concurrency: belongs to one lane.
public struct FlowSeed {
    /// What is known of the flow.
    public let identity: Identity

    /// Where its datagrams come in, and its answers go out.
    let port: DatagramPort

    /// Whether the first datagram went to a broadcast address or a group.
    public let isToMany: Bool
}
