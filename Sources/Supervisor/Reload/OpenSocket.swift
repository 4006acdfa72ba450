// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem

/// A listening socket that is open, and the key that identifies it.
struct OpenSocket {
    let key: SocketKey
    let socket: ListeningSocket

    /// Opens the sockets of an address: several only if systemd passed several under one name.
    ///
    /// - Parameters:
    ///   - ownSockets: sockets of the daemon itself, which may occupy the address.
    ///   - isTrial: whether only to test that they can be opened: see ``LinuxSystem/PortProbe``. The result is empty then.
    ///     Whether a Unix socket can be made in its directory is not tested.
    static func open(
        _ wanted: WantedSocket, for listener: String, passed: PassedSockets, beside ownSockets: [ListeningSocket] = [],
        isTrial: Bool = false
    ) throws(ListenFailure) -> [OpenSocket] {
        do throws(OpenFailure) {
            let binding = Binding(wanted: wanted, passed: passed, ownSockets: ownSockets, isTrial: isTrial)
            switch wanted.key {
            case .passed(let name):
                return try isTrial ? inspect(wanted, name, of: passed) : take(wanted, name, from: passed)
            case .group(let address, _):
                return try binding.bind(.udp, address, dualStack: false)
            case .bound(let kind, let address, let dualStack), .anyPort(let kind, let address, let dualStack, _, _):
                return try binding.bind(kind, address, dualStack: dualStack)
            case .bus(let address, _, _):
                return try binding.bind(.can, address, dualStack: false)
            }
        } catch {
            throw ListenFailure(listener: listener, address: wanted.written, cause: error.cause)
        }
    }

    /// Removes the file of a Unix socket, unless it belongs to another process by now.
    func removeFile() {
        // If that fails, the next usherd that binds there finds a stale file and removes it.
        try? socket.file?.remove()
    }

    /// A cause without the listener and the address, which the caller adds.
    struct OpenFailure: Error {
        var cause: ListenFailure.Cause

        init(_ cause: ListenFailure.Cause) { self.cause = cause }
    }

    private static func take(
        _ wanted: WantedSocket, _ name: String, from passed: PassedSockets
    ) throws(OpenFailure) -> [OpenSocket] {
        let sockets = try passed.take(name)
        if let cause = wanted.reasonToRefuse(sockets) { throw OpenFailure(cause) }
        do throws(SystemError) {
            for socket in sockets { try socket.apply(wanted.options) }
        } catch {
            throw OpenFailure(.system(error))
        }
        return sockets.map { OpenSocket(key: wanted.key, socket: $0) }
    }

    private static func inspect(
        _ wanted: WantedSocket, _ name: String, of passed: PassedSockets
    ) throws(OpenFailure) -> [OpenSocket] {
        if let cause = wanted.reasonToRefuse(try passed.inspect(name)) { throw OpenFailure(cause) }
        return []
    }
}

/// Binds the socket of an address, or tests whether it could be bound.
private struct Binding {
    let wanted: WantedSocket
    let passed: PassedSockets
    let ownSockets: [ListeningSocket]
    let isTrial: Bool

    typealias OpenFailure = OpenSocket.OpenFailure

    /// Binds a socket. If that fails for a cause that can be resolved, resolves it and binds once more.
    ///
    /// The causes are a host without IPv6, a stale file of a Unix socket, and a TCP socket of the daemon itself that has
    /// the port.
    func bind(
        _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool
    ) throws(OpenFailure) -> [OpenSocket] {
        // A bound path would leave a file.
        if isTrial, case .unix(let path) = address {
            try clearPath(at: path, kind: kind)
            return []
        }
        do throws(SystemError) {
            return try make(kind, address, dualStack: dualStack)
        } catch {
            // A passed socket stays open, so it never makes room. If both listened on one port, clients in its backlog
            // would never be accepted.
            if error.errno == EADDRINUSE, let name = wanted.nameOfPassed(passed) {
                throw OpenFailure(.passed(name: name))
            }
            switch (address, error.errno) {
            case (.ipv6(.any, let port, _), EAFNOSUPPORT) where dualStack,
                (.ipv6(.any, let port, _), EADDRNOTAVAIL) where dualStack:
                return try bindAgain(kind, .ipv4(.any, port: port), dualStack: false, beside: ownSockets)
            case (.unix(let path), EADDRINUSE) where error.operation == "bind":
                try clearPath(at: path, kind: kind)
                return try bindAgain(kind, address, dualStack: dualStack, beside: [])
            case (_, EADDRINUSE) where ownSockets.contains { $0.mayOverlap(kind, address) }:
                return try bindAgain(kind, address, dualStack: dualStack, beside: ownSockets)
            default:
                throw OpenFailure(.system(error))
            }
        }
    }

    private func bindAgain(
        _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool, beside ownSockets: [ListeningSocket]
    ) throws(OpenFailure) -> [OpenSocket] {
        do throws(SystemError) {
            let others = ownSockets.filter { $0.mayOverlap(kind, address) }
            return try make(kind, address, dualStack: dualStack, beside: others)
        } catch {
            throw OpenFailure(.system(error))
        }
    }

    private func make(
        _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool, beside others: [ListeningSocket] = []
    ) throws(SystemError) -> [OpenSocket] {
        if isTrial {
            try PortProbe.bind(
                kind, address, dualStack: dualStack, interface: wanted.written.datagrams.interface,
                sharingPortWith: others)
            return []
        }
        let socket = try ListeningSocket(
            kind: kind, address: address, dualStack: dualStack, options: wanted.options, access: wanted.access,
            datagrams: wanted.written.datagrams, sharingPortWith: others)
        return [OpenSocket(key: wanted.key, socket: socket)]
    }

    private func clearPath(at path: [UInt8], kind: SocketKind) throws(OpenFailure) {
        guard !ownSockets.contains(where: { $0.file?.isFile(at: path) == true }) else { throw OpenFailure(.pathIsOurs) }
        let obstacle: UnixSocketFile.Obstacle?
        do throws(SystemError) {
            obstacle =
                try isTrial
                ? UnixSocketFile.obstacle(at: path, kind: kind) : UnixSocketFile.removeStale(at: path, kind: kind)
        } catch {
            throw OpenFailure(.system(error))
        }
        switch obstacle {
        case nil: return
        case .live: throw OpenFailure(.pathIsLive)
        case .notASocket: throw OpenFailure(.pathIsNoSocket)
        }
    }
}

extension ListeningSocket {
    /// Whether both are TCP sockets with the same port, so that one may prevent the other from binding.
    fileprivate func mayOverlap(_ kind: SocketKind, _ other: SocketAddress) -> Bool {
        self.kind == .tcp && kind == .tcp && address.port == other.port
    }
}

extension WantedSocket {
    /// The name under which systemd passed a socket with the address to bind; nil if it passed none.
    fileprivate func nameOfPassed(_ passed: PassedSockets) -> String? {
        switch key {
        case .bound(let kind, let address, _): passed.name(of: kind, at: address)
        case .group(let address, _): passed.name(of: .udp, at: address)
        case .passed, .anyPort, .bus: nil
        }
    }

    /// Why a passed socket cannot be used; nil if it can. For a socket that was bound here the configuration check has
    /// tested all of this.
    func reasonToRefuse(_ sockets: [ListeningSocket]) -> ListenFailure.Cause? {
        guard case .passed = key else { return nil }
        if let kinds, let wrong = sockets.first(where: { !kinds.contains($0.kind) }) {
            return .wrongKind(wrong.kind, wanted: kinds)
        }
        return isForLoopback && sockets.contains { $0.kind == .udp && !$0.address.isLoopback } ? .amplifies : nil
    }
}
