// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import Glibc
import HostAccess
import LinuxSystem

/// A socket of a listener could not be opened.
struct ListenFailure: Error, Equatable {
    /// The cause.
    enum Cause: Equatable {
        /// A system call failed.
        case system(SystemError)
        /// Another process listens on the path.
        case pathIsLive
        /// The daemon itself listens on the path, by another kind of socket or under another spelling of it.
        case pathIsOurs
        /// The file at the path is not a socket.
        case pathIsNoSocket
        /// systemd passed a socket of a kind that the listener cannot use.
        case wrongKind(SocketKind, wanted: Set<SocketKind>)
        /// systemd passed a UDP socket beyond loopback, for a service that would amplify forged requests.
        case amplifies
        /// systemd passed no socket of this name; it passed these.
        case notPassed(names: [String])
        /// systemd passed a socket with this address, under this name.
        case passed(name: String)

        /// The error number of the cause.
        var errno: CInt {
            switch self {
            case .system(let error): error.errno
            case .pathIsLive, .pathIsOurs, .passed: EADDRINUSE
            case .pathIsNoSocket: EEXIST
            case .wrongKind: EPROTOTYPE
            case .amplifies: EPERM
            case .notPassed: ENOENT
            }
        }
    }

    /// The listener's name.
    var listener: String

    /// The address as it was written.
    var address: ListenAddress

    /// The cause.
    var cause: Cause

    /// The error number of the cause, for `ERRNO=` of sd_notify(3).
    var errno: CInt { cause.errno }

    /// A sentence: where, which listener, what, and what to do.
    var message: String {
        // For a record and a line of STATUS=: neither a file's path nor that of a socket may add control characters.
        TerminalText.safe(
            "\(address.origin): listener \(listener): cannot listen on \(address.endpoint): \(explanation)")
    }

    private var explanation: String {
        switch cause {
        case .pathIsLive:
            return "another process listens on this path; stop it, or use another path"
        case .pathIsOurs:
            return "the old configuration listens on this path with another socket type;"
                + " reload once without this address, and then with it"
        case .pathIsNoSocket:
            return
                "there is a file at this path that is not a socket, and usherd does not remove it; remove it, or use another path"
        case .wrongKind(let kind, let wanted):
            let key =
                wanted.contains(.tcp)
                ? "ListenStream=" : wanted.contains(.udp) ? "ListenDatagram=" : "ListenSequentialPacket="
            return "systemd passed a socket of type \(kind.scheme), which the service, its upstreams or the PROXY"
                + " header of this listener cannot use; use \(key) in its .socket unit"
        case .amplifies:
            return
                "the service sends more than it receives, to a source that may be forged, and systemd passed"
                + " a UDP socket that is not on loopback; write allow-amplification = true if only trusted hosts reach it"
        case .notPassed(let names):
            let passed = names.isEmpty ? "it passed none" : "it passed \(names.joined(separator: ", "))"
            return "systemd passed no socket of this name (\(passed));"
                + " set FileDescriptorName= in a .socket unit that belongs to this service"
        case .passed(let name):
            return "systemd passed this address as `\(name)`: write systemd://\(name)"
        case .system(let error):
            let advice = ListenAdvice.text(for: error, at: address.endpoint)
            return advice.isEmpty ? "\(error)" : "\(error); \(advice)"
        }
    }
}
