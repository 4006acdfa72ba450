// SPDX-License-Identifier: Apache-2.0

/// What a datagram socket is told when it is made.
public struct DatagramOptions: Hashable, Sendable {
    /// Whether broadcast datagrams come in, and may be sent: SO_BROADCAST of socket(7).
    public var broadcast = false

    /// The interface on which the group is joined, if the address is one of multicast; 0 lets the kernel choose.
    public var interface: UInt32 = 0

    /// Which frames of a CAN bus come in; none takes all.
    public var filters: [CANFilter] = []

    /// Nothing in particular.
    public init() {}
}
