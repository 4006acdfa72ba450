// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The facts about the host that ``HostCheck`` needs. Tests answer from a table.
protocol HostFacts: PathFacts {
    /// Whether an address can be bound.
    func state(of address: SocketAddress, _ kind: SocketKind, dualStack: Bool, interface: UInt32) -> AddressState

    /// The most descriptors that a process may have.
    var descriptorLimit: Int { get }

    /// The lowest port that needs no privilege.
    var unprivilegedPort: Int { get }

    /// The settings that drop-ins add to the unit.
    var unit: UnitDropIns { get }
}

/// Whether an address can be listened on.
enum AddressState: Equatable, Sendable {
    /// It is free.
    case free
    /// A running usherd with the same configuration uses it.
    case ours
    /// Another process uses it; nil if this process may not see which one.
    case taken(by: Holder?)
    /// bind(2) failed.
    case failed(SystemError)

    /// The process that uses an address.
    struct Holder: Equatable, Sendable {
        var name: String
        var pid: Int

        /// Makes a holder.
        init(name: String, pid: Int) {
            self.name = name
            self.pid = pid
        }
    }
}
