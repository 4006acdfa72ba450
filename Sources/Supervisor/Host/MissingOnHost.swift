// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem

/// What sockets of the configuration in force lack because this host does not have it. Pure.
struct MissingOnHost: Equatable {
    /// The sockets that cannot be opened yet, and why.
    var awaited: [SocketKey: ListenFailure] = [:]

    /// Sockets whose group is joined on no interface any more, with their listener's name.
    var unjoined: [SocketKey: String] = [:]

    /// Sockets whose address this host has lost, with their listener's name.
    var withoutAddress: [SocketKey: String] = [:]

    /// Whether a socket waits for something that only an event about routes announces.
    var waitsForRoute: Bool {
        !unjoined.isEmpty || awaited.contains { key, failure in failure.errno == ENODEV && key.choosesInterface }
    }

    /// Forgets sockets that are no longer in force.
    mutating func retain(only keys: Set<SocketKey>) {
        unjoined = unjoined.filter { keys.contains($0.key) }
        withoutAddress = withoutAddress.filter { keys.contains($0.key) }
    }

    /// What each waiting listener waits for, in the order of their names.
    var waiting: [(listener: String, what: String)] {
        let opening = awaited.map { key, failure in (failure.listener, key.words(for: failure)) }
        let joining = unjoined.map { key, listener in (listener, "no route to \(key.host)") }
        let addresses = withoutAddress.map { key, listener in (listener, "\(key.host) missing") }
        return (opening + joining + addresses).sorted { $0 < $1 }.map { (listener: $0.0, what: $0.1) }
    }
}

extension SocketKey {
    /// Whether it is a group on an interface that the kernel chooses by its routes.
    fileprivate var choosesInterface: Bool {
        if case .group(_, interface: 0) = self { true } else { false }
    }

    /// The address without its port and interface: `192.0.2.1`, `[2001:db8::1]`.
    var host: String {
        switch self {
        case .bound(_, let address, _), .anyPort(_, let address, _, _, _), .group(let address, _):
            switch address {
            case .ipv4: String("\(address.with(port: 0))".dropLast(2))
            case .ipv6(let ip, _, _): String("\(SocketAddress.ipv6(ip, port: 0, scope: 0))".dropLast(2))
            default: "\(address)"
            }
        case .bus(let address, _, _): "\(address)"
        case .passed(let name): name
        }
    }

    /// What the socket waits for, for the status line.
    fileprivate func words(for failure: ListenFailure) -> String {
        switch failure.errno {
        case ENODEV where choosesInterface: "no route to \(host)"
        case ENODEV: "\(failure.address.interface ?? host) missing"
        case EADDRNOTAVAIL: "\(host) missing"
        default: "\(SystemError.reason(of: failure.errno))"
        }
    }

    /// What the socket waits for and what to do about it, in a sentence.
    func message(for failure: ListenFailure) -> String {
        guard failure.isAwaited else { return failure.message }
        let endpoint = failure.address.endpoint
        if failure.errno == EADDRNOTAVAIL {
            return "this host does not have the address \(host) of \(endpoint); usherd listens there when it is added"
                + " (`ip address` shows the addresses)"
        }
        if !choosesInterface, let interface = failure.address.interface {
            return "this host has no interface \(interface) for \(endpoint); usherd listens there when an interface has"
                + " this name (`ip link` shows the interfaces)"
        }
        return "no route to the group of \(endpoint); usherd joins it when there is one (`ip route` shows the routes)"
    }
}

extension ListenFailure {
    /// Whether rtnetlink(7) announces what is missing.
    ///
    /// That is an address (`EADDRNOTAVAIL` of bind(2)), or an interface or a route to a group (`ENODEV`).
    var isAwaited: Bool {
        guard case .system(let error) = cause, [.tcp, .udp].contains(address.endpoint.scheme) else { return false }
        return error.errno == ENODEV || error == SystemError("bind", errno: EADDRNOTAVAIL)
    }
}
