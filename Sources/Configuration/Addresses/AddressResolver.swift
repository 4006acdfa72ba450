// SPDX-License-Identifier: Apache-2.0

import Addresses

/// Resolves the written addresses of listeners to the addresses to bind.
struct AddressResolver<Host: HostLookup> {
    private let host: Host
    /// The result for each host name, so that a name server that does not answer delays only once.
    private var answers: [String: Result<[SocketAddress], NameLookupFailure>] = [:]

    init(host: Host) {
        self.host = host
    }

    /// The addresses of a name that `resolve` has looked up successfully; nil for other names.
    func known(_ name: String) -> [SocketAddress]? { try? answers[name]?.get() }

    /// Resolves an address to what is to be bound.
    ///
    /// - Returns: nil after reporting why that is impossible.
    mutating func resolve(
        _ address: WrittenAddress, backlog: Int, _ diagnostics: inout Diagnostics
    ) -> ListenAddress? {
        let endpoint = address.endpoint
        let target = target(of: address, &diagnostics)
        let access = access(of: address, &diagnostics)
        let datagrams = datagrams(of: address, &diagnostics)
        guard let target, let access, let datagrams else { return nil }
        return ListenAddress(
            endpoint: endpoint, target: target, backlog: endpoint.options.backlog ?? backlog, access: access,
            datagrams: datagrams, origin: address.span.origin)
    }

    private mutating func target(
        of address: WrittenAddress, _ diagnostics: inout Diagnostics
    ) -> ListenAddress.Target? {
        let kind = address.endpoint.scheme.kind ?? .tcp
        switch address.endpoint.location {
        case .host(.any, _) where kind == .rds, .host(.ipv4(.any), _) where kind == .rds,
            .host(.ipv6(.any, _), _) where kind == .rds:
            diagnostics.report(
                "RDS cannot listen on every address of a host", at: address.span,
                help: "write one address, or several in an array: each socket of RDS has its own")
            return nil
        case .host(.any, let port):
            return .bind(kind, [.ipv6(.any, port: port, scope: 0)], dualStack: true)
        case .host(.ipv4(let ip), let port):
            return .bind(kind, [.ipv4(ip, port: port)], dualStack: false)
        case .host(.ipv6(let ip, let scope), let port):
            return ipv6(ip, scope: scope, port: port, address, &diagnostics)
                .map { .bind(kind, [$0], dualStack: false) }
        case .host(.name(let name), let port):
            return addresses(of: name, port: port, address, &diagnostics).map { .bind(kind, $0, dualStack: false) }
        case .path(let path):
            return .bind(kind, [.unix(path: path)], dualStack: false)
        case .abstract(let name):
            return .bind(kind, [.abstract(name: name)], dualStack: false)
        case .vsock(let cid, let port):
            // VMADDR_PORT_ANY of vsock(7) is the highest number, not 0.
            return .bind(kind, [.vsock(cid: cid, port: port == 0 ? .max : port)], dualStack: false)
        case .passed(let name):
            return .passed(name: name)
        case .interface(let name):
            // The listener waits for a missing interface, so none is looked up here.
            return bus(name).map { .bind(kind, [.can($0, .none)], dualStack: false) }
        }
    }

    /// `*` means every interface. The grammar has checked the length of a name.
    private func bus(_ name: String) -> InterfaceName? { name == "*" ? .any : InterfaceName(name) }

    private func ipv6(
        _ ip: IPv6Address, scope: String?, port: UInt16, _ address: WrittenAddress,
        _ diagnostics: inout Diagnostics
    ) -> SocketAddress? {
        if let mapped = ip.mappedIPv4 {
            let wanted = Endpoint.tcp(.ipv4(mapped), port: port)
            diagnostics.report(
                "an IPv4 address in the form of IPv6 cannot be listened on", at: address.span,
                help: "write \(wanted)")
            return nil
        }
        guard let scope else {
            if ip.isLinkLocal {
                diagnostics.reportMissingScope(
                    at: address.span, example: Endpoint.tcp(.ipv6(ip, scope: "eth0"), port: port).description)
                return nil
            }
            return .ipv6(ip, port: port, scope: 0)
        }
        return .ipv6(ip, port: port, scope: index(of: scope, address, &diagnostics))
    }

    /// The index of an interface to listen on. A missing interface causes a note only: the listener waits for it.
    private func index(
        of interface: String, _ address: WrittenAddress, _ diagnostics: inout Diagnostics
    ) -> UInt32 {
        if host.index(ofScope: interface) == nil {
            diagnostics.note(
                "this host has no interface `\(interface)`: usherd waits for it",
                at: address.span(of: interface), help: "`ip link` shows the interfaces")
        }
        return host.listeningIndex(ofScope: interface)
    }

    private mutating func addresses(
        of name: String, port: UInt16, _ address: WrittenAddress, _ diagnostics: inout Diagnostics
    ) -> [SocketAddress]? {
        let answer = answers[name] ?? ask(for: name)
        answers[name] = answer
        switch answer {
        case .success(let addresses) where !addresses.isEmpty:
            return addresses.map { $0.with(port: port) }
        case .success:
            report("no address", name, address, &diagnostics)
        case .failure(let failure):
            report(failure.reason, name, address, &diagnostics)
        }
        return nil
    }

    private func ask(for name: String) -> Result<[SocketAddress], NameLookupFailure> {
        do throws(NameLookupFailure) {
            return .success(try host.addresses(of: name, port: 0))
        } catch {
            return .failure(error)
        }
    }

    private func report(
        _ reason: String, _ name: String, _ address: WrittenAddress, _ diagnostics: inout Diagnostics
    ) {
        diagnostics.report(
            "`\(name)` does not resolve: \(reason)", at: address.span(of: name),
            help: "`getent ahosts \(name)` does the same look-up; a numeric address needs no look-up")
    }

    // MARK: Datagrams

    private func datagrams(of address: WrittenAddress, _ diagnostics: inout Diagnostics) -> DatagramOptions? {
        let written = address.endpoint.options
        var options = DatagramOptions()
        options.broadcast = written.broadcast ?? false
        options.filters = written.filters
        guard let interface = written.interface else {
            // A group with the interface in its address, [ff02::1%eth0], is joined on that interface.
            if address.endpoint.isMulticast, case .host(.ipv6(_, let scope?), _) = address.endpoint.location {
                options.interface = host.listeningIndex(ofScope: scope)
            }
            return options
        }
        guard address.endpoint.isMulticast else {
            diagnostics.report(
                "`interface` is for a multicast group, and this address is not multicast",
                at: address.span(of: "interface="),
                help: "leave it out; a listener on an address of the interface listens on that interface alone")
            return nil
        }
        options.interface = index(of: interface, address, &diagnostics)
        return options
    }

    // MARK: Owners of Unix sockets

    private func access(
        of address: WrittenAddress, _ diagnostics: inout Diagnostics
    ) -> UnixSocketAccess? {
        let options = address.endpoint.options
        var access = UnixSocketAccess(mode: options.mode.map(UInt32.init))
        var isRight = true
        if let name = options.user {
            access.user = owner(name, "user", "passwd", address, &diagnostics, host.user)
            isRight = access.user != nil
        }
        if let name = options.group {
            access.group = owner(name, "group", "group", address, &diagnostics, host.group)
            isRight = isRight && access.group != nil
        }
        return isRight ? access : nil
    }

    private func owner(
        _ name: String, _ what: String, _ database: String, _ address: WrittenAddress,
        _ diagnostics: inout Diagnostics, _ ask: (String) throws(NameLookupFailure) -> UInt32?
    ) -> UInt32? {
        var reason = ""
        do throws(NameLookupFailure) {
            // A name of digits is looked up as a name first, as by chown(1). The highest number means "no change" in chown(2).
            if let number = try ask(name) ?? UInt32(name), number != .max { return number }
        } catch {
            reason = ": \(error.reason)"
        }
        diagnostics.report(
            "this host has no \(what) `\(name)`\(reason)", at: address.span(of: "\(what)=\(name)"),
            help: "`getent \(database)` shows the \(what)s")
        return nil
    }
}
