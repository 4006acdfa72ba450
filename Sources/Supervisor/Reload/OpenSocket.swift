// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import LinuxSystem

/// A listening socket in force.
struct OpenSocket {
    let key: SocketKey
    let socket: ListeningSocket

    /// Makes the sockets that an address asks for: several only if systemd passed several under one name.
    ///
    /// - Parameter ours: sockets that may be in the way, and are the daemon's own.
    static func open(
        _ wanted: WantedSocket, for listener: String, passed: PassedSockets, beside ours: [ListeningSocket] = []
    ) throws(ListenFailure) -> [OpenSocket] {
        do throws(OpenFailure) {
            switch wanted.key {
            case .passed(let name):
                return try take(wanted, name, from: passed)
            case .group(let address, _):
                return [try bind(wanted, kind: .udp, address: address, dualStack: false, passed, ours: ours)]
            case .bound(let kind, let address, let dualStack), .anyPort(let kind, let address, let dualStack, _, _):
                return [try bind(wanted, kind: kind, address: address, dualStack: dualStack, passed, ours: ours)]
            case .bus(let address, _, _):
                return [try bind(wanted, kind: .can, address: address, dualStack: false, passed, ours: ours)]
            }
        } catch {
            throw ListenFailure(listener: listener, address: wanted.written, cause: error.cause)
        }
    }

    /// Removes the file of a Unix socket, unless it is somebody else's by now.
    func removeFile() {
        // What cannot be removed is found stale by the next one who binds there.
        try? socket.file?.remove()
    }

    /// Why a socket could not be made, before it is known for whom.
    struct OpenFailure: Error {
        var cause: ListenFailure.Cause

        init(_ cause: ListenFailure.Cause) { self.cause = cause }
    }

    private static func take(
        _ wanted: WantedSocket, _ name: String, from passed: PassedSockets
    ) throws(OpenFailure) -> [OpenSocket] {
        let sockets = try passed.take(name)
        if let cause = wanted.objection(to: sockets) { throw OpenFailure(cause) }
        do throws(SystemError) {
            for socket in sockets { try socket.apply(wanted.options) }
        } catch {
            throw OpenFailure(.system(error))
        }
        return sockets.map { OpenSocket(key: wanted.key, socket: $0) }
    }

    /// Binds; if that fails, mends what can be mended, once: a host without IPv6, a stale path, and a socket of the daemon
    /// itself in the way that is about to go.
    private static func bind(
        _ wanted: WantedSocket, kind: SocketKind, address: SocketAddress, dualStack: Bool, _ passed: PassedSockets,
        ours: [ListeningSocket]
    ) throws(OpenFailure) -> OpenSocket {
        do throws(SystemError) {
            return try make(wanted, kind, address, dualStack: dualStack)
        } catch {
            // What systemd passed stays with it, and never makes room. Beside it on one port, half of the clients would wait
            // in its backlog for nobody.
            if error.errno == EADDRINUSE, let name = wanted.nameOfPassed(passed) {
                throw OpenFailure(.passed(name: name))
            }
            switch (address, error.errno) {
            case (.ipv6(.any, let port, _), EAFNOSUPPORT) where dualStack,
                (.ipv6(.any, let port, _), EADDRNOTAVAIL) where dualStack:
                return try remake(wanted, kind, .ipv4(.any, port: port), dualStack: false, ours: ours)
            case (.unix(let path), EADDRINUSE) where error.operation == "bind":
                try makeWay(at: path, kind: kind, ours: ours)
                return try remake(wanted, kind, address, dualStack: dualStack, ours: [])
            case (_, EADDRINUSE) where ours.contains { $0.mayOverlap(kind, address) }:
                return try remake(wanted, kind, address, dualStack: dualStack, ours: ours)
            default:
                throw OpenFailure(.system(error))
            }
        }
    }

    private static func remake(
        _ wanted: WantedSocket, _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool, ours: [ListeningSocket]
    ) throws(OpenFailure) -> OpenSocket {
        do throws(SystemError) {
            let others = ours.filter { $0.mayOverlap(kind, address) }
            return try make(wanted, kind, address, dualStack: dualStack, beside: others)
        } catch {
            throw OpenFailure(.system(error))
        }
    }

    private static func make(
        _ wanted: WantedSocket, _ kind: SocketKind, _ address: SocketAddress, dualStack: Bool,
        beside others: [ListeningSocket] = []
    ) throws(SystemError) -> OpenSocket {
        OpenSocket(
            key: wanted.key,
            socket: try ListeningSocket(
                kind: kind, address: address, dualStack: dualStack, options: wanted.options, access: wanted.access,
                datagrams: wanted.written.datagrams, beside: others))
    }

    private static func makeWay(
        at path: [UInt8], kind: SocketKind, ours: [ListeningSocket]
    ) throws(OpenFailure) {
        guard !ours.contains(where: { $0.file?.lies(at: path) == true }) else { throw OpenFailure(.pathIsOurs) }
        let obstacle: UnixSocketFile.Obstacle?
        do throws(SystemError) {
            obstacle = try UnixSocketFile.removeStale(at: path, kind: kind)
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
    /// Whether the two have a TCP port in common, so that one may be in the other's way.
    fileprivate func mayOverlap(_ kind: SocketKind, _ other: SocketAddress) -> Bool {
        self.kind == .tcp && kind == .tcp && address.port == other.port
    }
}

extension WantedSocket {
    /// The name under which systemd passed the address that is to be bound here; nil if it did not.
    fileprivate func nameOfPassed(_ passed: PassedSockets) -> String? {
        switch key {
        case .bound(let kind, let address, _): passed.name(of: kind, at: address)
        case .group(let address, _): passed.name(of: .udp, at: address)
        case .passed, .anyPort, .bus: nil
        }
    }

    /// Why what systemd passed cannot be used; nil if it can. Of a socket that was bound here, the configuration knew all.
    func objection(to sockets: [ListeningSocket]) -> ListenFailure.Cause? {
        guard case .passed = key else { return nil }
        if let kinds, let wrong = sockets.first(where: { !kinds.contains($0.kind) }) {
            return .wrongKind(wrong.kind, wanted: kinds)
        }
        return isForLoopback && sockets.contains { $0.kind == .udp && !$0.address.isLoopback } ? .amplifies : nil
    }
}
