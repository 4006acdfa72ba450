// SPDX-License-Identifier: Apache-2.0

/// A flow that was admitted, before its service makes it: its identity and its port.
///
/// Concurrency: belongs to one lane.
public struct FlowSeed {
    /// The number, addresses and listener of the flow.
    public let identity: Identity

    /// The port that receives its datagrams and sends its answers.
    let port: DatagramPort

    /// Whether the first datagram went to a broadcast address or a multicast group.
    public let isBroadcastOrMulticast: Bool
}
