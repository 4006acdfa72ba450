// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The interfaces and addresses that this host has at a moment.
struct HostState: Equatable {
    /// The indexes of the interfaces.
    var interfaces: Set<UInt32> = []

    /// The IP addresses with port 0, link-local ones with the index of their interface.
    var addresses: Set<SocketAddress> = []

    /// Reads them from the kernel.
    static func current() throws(SystemError) -> HostState {
        HostState(
            interfaces: try NetworkInterfaces.indexes(), addresses: Set(try NetworkInterfaces.addresses()))
    }
}
