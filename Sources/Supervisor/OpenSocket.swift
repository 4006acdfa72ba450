// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem

/// A listening socket in force, with the file that it has in the file system, if it has one.
struct OpenSocket {
    let key: SocketKey
    let socket: ListeningSocket
    let file: UnixSocketFile?

    /// Makes the sockets that an address asks for: several only if systemd passed several under one name.
    static func open(
        _ wanted: WantedSocket, for listener: String, passed: PassedSockets
    ) throws(ListenFailure) -> [OpenSocket] {
        do throws(OpenFailure) {
            switch wanted.key {
            case .passed(let name):
                return try passed.take(name).map { OpenSocket(key: wanted.key, socket: $0, file: nil) }
            case .bound(let kind, let address, let dualStack), .anyPort(let kind, let address, let dualStack, _, _):
                return [try bind(wanted, kind: kind, address: address, dualStack: dualStack)]
            }
        } catch {
            throw ListenFailure(listener: listener, address: wanted.written, cause: error.cause)
        }
    }

    /// Removes the file of a Unix socket, unless it is somebody else's by now.
    func removeFile() {
        // What cannot be removed is found stale by the next one who binds there.
        try? file?.removeIfOurs()
    }

    /// Why a socket could not be made, before it is known for whom.
    struct OpenFailure: Error {
        var cause: ListenFailure.Cause

        init(_ cause: ListenFailure.Cause) { self.cause = cause }
    }

    private static func bind(
        _ wanted: WantedSocket, kind: SocketKind, address: SocketAddress, dualStack: Bool
    ) throws(OpenFailure) -> OpenSocket {
        do throws(SystemError) {
            let socket = try ListeningSocket(
                kind: kind, address: address, dualStack: dualStack, options: wanted.options, access: wanted.access)
            guard case .unix(let path) = address else { return OpenSocket(key: wanted.key, socket: socket, file: nil) }
            return OpenSocket(key: wanted.key, socket: socket, file: try UnixSocketFile(at: path))
        } catch {
            return try retry(wanted, kind: kind, address: address, dualStack: dualStack, after: error)
        }
    }

    /// Mends what can be mended: a stale path, and a host without IPv6.
    private static func retry(
        _ wanted: WantedSocket, kind: SocketKind, address: SocketAddress, dualStack: Bool, after error: SystemError
    ) throws(OpenFailure) -> OpenSocket {
        switch address {
        case .ipv6(.any, let port, _) where dualStack && [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errno):
            return try bind(wanted, kind: kind, address: .ipv4(.any, port: port), dualStack: false)
        case .unix(let path) where error.operation == "bind" && error.errno == EADDRINUSE:
            try removeStale(path, kind: kind)
            return try bind(wanted, kind: kind, address: address, dualStack: dualStack)
        case .unix(let path) where !["socket", "fchmod", "bind"].contains(error.operation):
            // It was bound, so the file is ours, and nobody will listen on it.
            try? UnixSocketFile.remove(path)
            throw OpenFailure(.system(error))
        default:
            throw OpenFailure(.system(error))
        }
    }

    private static func removeStale(_ path: [UInt8], kind: SocketKind) throws(OpenFailure) {
        let occupant: UnixSocketFile.Occupant
        do throws(SystemError) {
            occupant = try UnixSocketFile.occupant(of: path, kind: kind)
            if occupant == .stale { try UnixSocketFile.remove(path) }
        } catch {
            throw OpenFailure(.system(error))
        }
        switch occupant {
        case .nothing, .stale: return
        case .live: throw OpenFailure(.pathIsLive)
        case .notASocket: throw OpenFailure(.pathIsNoSocket)
        }
    }
}
