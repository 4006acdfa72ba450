// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// Makes the socket of a client: connects it, or listens.
struct Connector {
    /// The settings of the client.
    let settings: ClientSettings

    /// Ends waiting when a signal arrives.
    let interruption: Interruption

    /// Connects to the addresses of a target, one after the other, until one succeeds. Each address gets an equal share of
    /// the remaining time.
    func connect(to target: Target, from source: Target?) throws(ClientFailure) -> ClientSocket {
        let deadline = UInt64.deadline(in: settings.connectTime)
        var failure = ClientFailure(.notResolved, "\(settings.endpoint) has no address")
        for (index, address) in target.addresses.enumerated() {
            do throws(ClientFailure) {
                return try connect(
                    to: address, target.kind, from: source,
                    until: Self.share(of: deadline, among: target.addresses.count - index))
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func share(of deadline: UInt64?, among count: Int) -> UInt64? {
        guard let deadline else { return nil }
        let now = Clock.monotonic
        return now + Clock.span(from: now, to: deadline) / UInt64(count)
    }

    private func connect(
        to address: SocketAddress, _ kind: SocketKind, from source: Target?, until deadline: UInt64?
    ) throws(ClientFailure) -> ClientSocket {
        let name = kind.name(of: address)
        let descriptor: OwnedDescriptor
        do throws(SystemError) {
            descriptor = try kind.makeSocket(for: address)
        } catch {
            throw ClientFailure(error, .connecting, name, kind: kind)
        }
        let file = try bind(descriptor.raw, kind, for: address, from: source)
        do throws(SystemError) {
            try prepare(descriptor.raw, kind)
            if kind == .can {
                try MessageSocket.bind(descriptor.raw, to: address)
                return ClientSocket(descriptor, kind, peer: Self.bus(address), isConnected: false, name: name)
            }
            if kind == .udp, address.isMulticast || settings.endpoint.options.broadcast == true {
                if address.isMulticast {
                    try MessageSocket.setMulticastInterface(descriptor.raw, groupInterface(), for: address)
                }
                return ClientSocket(descriptor, kind, peer: address, isConnected: false, name: name, file: file)
            }
            guard try begin(descriptor.raw, address, until: deadline) else {
                throw SystemError("connect", errno: ETIMEDOUT)
            }
            return ClientSocket(descriptor, kind, peer: address, name: name, file: file)
        } catch {
            throw ClientFailure(error, .connecting, name, kind: kind)
        }
    }

    /// Connects. Returns false on a timeout.
    private func begin(_ raw: CInt, _ address: SocketAddress, until deadline: UInt64?) throws(SystemError) -> Bool {
        while true {
            do throws(SystemError) {
                if try OutgoingSocket.connect(raw, to: address) { return true }
                guard try interruption.wait(for: raw, POLLOUT, until: deadline) else { return false }
                try OutgoingSocket.finish(raw)
                return true
            } catch {
                // EAGAIN: the backlog of a Unix socket is full, and no event reports a free place: unix(7).
                guard error.errno == EAGAIN, deadline.map({ $0 > Clock.monotonic }) ?? true else { throw error }
                _ = try interruption.wait(for: -1, 0, until: .deadline(in: .milliseconds(20)))
            }
        }
    }

    /// Binds a socket to `--source`, or to an address of its own where the peer could not answer otherwise.
    private func bind(
        _ raw: CInt, _ kind: SocketKind, for address: SocketAddress, from source: Target?
    ) throws(ClientFailure) -> UnixSocketFile? {
        if let source {
            guard let own = source.addresses.first(where: { $0.family == address.family }) else {
                throw ClientFailure(
                    .usage, "--source must have the address family of the peer, \(kind.name(of: address))"
                )
            }
            return try take(own, raw, kind, .binding)
        }
        do throws(SystemError) {
            switch kind {
            case .unixDatagram: try MessageSocket.bind(raw, to: .unnamed)
            case .rds: try MessageSocket.bind(raw, to: Self.ownAddress(towards: address))
            case .tcp, .udp, .unixStream, .unixSeqpacket, .vsock, .can: break
            }
            return nil
        } catch {
            throw ClientFailure(error, .connecting, kind.name(of: address), kind: kind)
        }
    }

    /// The local address from which this host reaches another address, determined with a UDP socket.
    private static func ownAddress(towards address: SocketAddress) throws(SystemError) -> SocketAddress {
        let probe = try SocketKind.udp.makeSocket(for: address)
        _ = try OutgoingSocket.connect(probe.raw, to: address)
        return try ListeningSocket.localAddress(of: probe.raw).with(port: 0)
    }

    /// Binds a socket, and returns the file that this has created.
    private func take(
        _ address: SocketAddress, _ raw: CInt, _ kind: SocketKind, _ activity: ClientFailure.Activity
    ) throws(ClientFailure) -> UnixSocketFile? {
        do throws(SystemError) {
            if kind == .tcp || kind == .udp && activity == .binding { try MessageSocket.reuseAddress(raw) }
            guard case .unix(let path) = address else {
                try MessageSocket.bind(raw, to: address)
                return nil
            }
            _ = try UnixSocketFile.removeStale(at: path, kind: kind)
            try MessageSocket.bind(raw, to: address)
            return try UnixSocketFile(at: path)
        } catch {
            throw ClientFailure(error, activity, kind.name(of: address), kind: kind)
        }
    }

    private func prepare(_ raw: CInt, _ kind: SocketKind) throws(SystemError) {
        let options = settings.endpoint.options
        switch kind {
        // Empty messages are distinguished from EOF by control data: ``MessageSocket/Arrival/hasControl``.
        case .unixSeqpacket: try MessageSocket.requestCredentials(raw)
        case .udp: if options.broadcast == true { try MessageSocket.allowBroadcast(raw) }
        case .can: try MessageSocket.setFilters(raw, options.filters)
        case .tcp: try OutgoingSocket.setNoDelay(raw)
        case .unixStream, .unixDatagram, .vsock, .rds: break
        }
    }

    /// The bus to send frames to; nil for all buses, since a client can listen on all but not send to all.
    private static func bus(_ address: SocketAddress) -> SocketAddress? {
        address == .can(.any, .none) ? nil : address
    }

    /// The index of the interface in the address's options; 0 lets the kernel choose.
    private func groupInterface() throws(SystemError) -> UInt32 {
        guard let name = settings.endpoint.options.interface else { return 0 }
        guard let index = UInt32(name) ?? NameService.interface(named: name) else {
            throw SystemError("if_nametoindex", errno: ENODEV)
        }
        return index
    }

    // MARK: - Listening

    /// Listens on the first address of a target that can be bound, and accepts one client.
    ///
    /// - Parameter say: called with the address as soon as the socket is listening.
    func listen(on target: Target, say: (String) -> Void) throws(ClientFailure) -> ClientSocket {
        var failure = ClientFailure(.notResolved, "\(settings.endpoint) has no address")
        for address in target.addresses {
            do throws(ClientFailure) {
                return target.kind.isDatagram
                    ? try open(address, target.kind, say: say) : try accept(on: address, target.kind, say: say)
            } catch {
                failure = error
                // The bind succeeded, so another address would not help.
                if error.reason == .timedOut { throw error }
            }
        }
        throw failure
    }

    private func accept(
        on address: SocketAddress, _ kind: SocketKind, say: (String) -> Void
    ) throws(ClientFailure) -> ClientSocket {
        let name = kind.name(of: address)
        do throws(SystemError) {
            if case .unix(let path) = address { _ = try UnixSocketFile.removeStale(at: path, kind: kind) }
            let listener = try ListeningSocket(
                kind: kind, address: address, dualStack: address == .ipv6(.any, port: address.port ?? 0, scope: 0),
                options: ListeningOptions(backlog: 1),
                access: UnixSocketAccess(mode: settings.endpoint.options.mode.map(UInt32.init)))
            // Only one client is accepted. The path is removed with the listener, or a second client would wait in the
            // backlog for ever.
            defer { try? listener.file?.remove() }
            say("listening on \(kind.name(of: listener.address))")
            let deadline = UInt64.deadline(in: settings.acceptTime)
            while try interruption.wait(for: listener.raw, POLLIN, until: deadline) {
                guard let accepted = try listener.accept() else { continue }
                let peer = accepted.peer
                let peerName = peer == .unnamed ? kind.name(of: listener.address) : kind.name(of: peer)
                let descriptor = accepted.takeDescriptor()
                try prepare(descriptor.raw, kind)
                return ClientSocket(descriptor, kind, peer: peer, name: peerName)
            }
        } catch {
            throw ClientFailure(error, .listening, name, kind: kind)
        }
        throw ClientFailure(.timedOut, "timed out: no client connected to \(name); --timeout waits longer")
    }

    private func makeListening(_ address: SocketAddress, _ kind: SocketKind) throws(SystemError) -> OwnedDescriptor {
        let descriptor = try kind.makeSocket(for: address)
        if case .ipv6 = address, kind == .udp {
            try MessageSocket.setDualStack(descriptor.raw, address == .ipv6(.any, port: address.port ?? 0, scope: 0))
        }
        // Several sockets may receive from the same group.
        if kind == .udp, address.isMulticast { try MessageSocket.reuseAddress(descriptor.raw) }
        try prepare(descriptor.raw, kind)
        return descriptor
    }

    private func open(
        _ address: SocketAddress, _ kind: SocketKind, say: (String) -> Void
    ) throws(ClientFailure) -> ClientSocket {
        let name = kind.name(of: address)
        let descriptor: OwnedDescriptor
        do throws(SystemError) {
            descriptor = try makeListening(address, kind)
        } catch {
            throw ClientFailure(error, .listening, name, kind: kind)
        }
        let file = try take(address, descriptor.raw, kind, .listening)
        do throws(SystemError) {
            if kind == .udp, address.isMulticast {
                try MessageSocket.join(descriptor.raw, group: address, interface: groupInterface())
            }
            let local = kind == .can ? address : try ListeningSocket.localAddress(of: descriptor.raw)
            say("listening on \(kind.name(of: local))")
            return ClientSocket(
                descriptor, kind, peer: kind == .can ? Self.bus(address) : nil, isConnected: false,
                name: kind.name(of: local), file: file)
        } catch {
            throw ClientFailure(error, .listening, name, kind: kind)
        }
    }
}

extension SocketKind {
    /// An address of this kind in endpoint syntax.
    func name(of address: SocketAddress) -> String { "\(scheme)://\(address)" }
}
