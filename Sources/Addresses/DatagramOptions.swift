// SPDX-License-Identifier: Apache-2.0

/// The options of a new datagram socket.
public struct DatagramOptions: Hashable, Sendable {
    /// Whether broadcast datagrams are received, and may be sent: SO_BROADCAST of socket(7).
    public var broadcast = false

    /// The interface on which the multicast group is joined; 0 lets the kernel choose.
    public var interface: UInt32 = 0

    /// The filters of a CAN socket; without any it receives all frames.
    public var filters: [CANFilter] = []

    /// Makes the defaults.
    public init() {}
}
