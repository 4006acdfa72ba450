// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// What ``HostCheck`` has to know of the host. Tests answer from a table.
protocol HostFacts: PathFacts {
    /// Whether an address can be had.
    func state(of address: SocketAddress, _ kind: SocketKind, dualStack: Bool, interface: UInt32) -> AddressState

    /// How many descriptors a process may have at most.
    var descriptorLimit: Int { get }

    /// The lowest port that needs no privilege.
    var unprivilegedPort: Int { get }

    /// What drop-ins of the unit add.
    var unit: UnitDropIns { get }
}

/// Whether an address can be listened on.
enum AddressState: Equatable, Sendable {
    /// Yes.
    case free
    /// A usherd with the same configuration has it.
    case ours
    /// Another process has it; nil if this one may not see which.
    case taken(by: Holder?)
    /// The kernel says no.
    case failed(SystemError)

    /// Who has an address.
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

/// What drop-ins add to usherd.service, as far as a check cares: systemd.exec(5). Pure.
struct UnitDropIns: Equatable, Sendable {
    /// `SupplementaryGroups=`, by name or number.
    var groups: Set<String> = []
    /// `AmbientCapabilities=`.
    var capabilities: Set<String> = []

    /// Nothing.
    init() {}

    /// Reads files one after the other; an empty assignment takes back what was said before.
    init(_ files: [String]) {
        for line in files.flatMap({ $0.split(separator: "\n") }) {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let words = parts[1].split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            switch parts[0].filter({ $0 != " " && $0 != "\t" }) {
            case "SupplementaryGroups": groups = words.isEmpty ? [] : groups.union(words)
            case "AmbientCapabilities": capabilities = words.isEmpty ? [] : capabilities.union(words)
            default: break
            }
        }
    }
}
