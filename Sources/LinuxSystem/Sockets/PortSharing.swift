// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// Lets a TCP socket listen on a port while others of ours still do, on an address that takes in the new one or is taken
/// in by it: so `tcp://*:80` can become `tcp://127.0.0.1:80` with no moment in which nobody listens.
///
/// Linux refuses that unless all of these sockets are of one user and have SO_REUSEPORT (socket(7)). It looks at the
/// option as it is when the new socket is bound and when it listens, not as it was when the others were. So all of them
/// have it while these two calls last, and then none: for some microseconds another process of the daemon's own user
/// that asks for SO_REUSEPORT too could listen there. Every other one is refused as always.
///
/// Who connects while both listen gets to the socket with the narrower address.
struct PortSharing {
    private let address: SocketAddress

    /// The sockets that have the option because of this.
    private var borrowers: [CInt] = []

    /// Begins. Without others, nothing is done.
    ///
    /// - Parameters:
    ///   - newcomer: a socket that is not bound yet.
    ///   - address: what it will be bound to.
    ///   - others: those that listen.
    init(of newcomer: CInt, for address: SocketAddress, with others: [CInt]) throws(SystemError) {
        self.address = address
        guard !others.isEmpty else { return }
        do throws(SystemError) {
            // A socket that systemd made with ReusePort= keeps the option.
            for raw in others + [newcomer] where try SocketOption.reusePort.value(of: raw) == 0 {
                try SocketOption.reusePort.set(1, on: raw)
                borrowers.append(raw)
            }
        } catch {
            end()
            throw error
        }
    }

    /// Ends, whether the new socket listens or could not.
    func end() {
        guard !borrowers.isEmpty else { return }
        try? makeKernelForget()
        for raw in borrowers { try? SocketOption.reusePort.set(0, on: raw) }
    }

    /// Sees to it that the port is guarded again.
    ///
    /// The kernel remembers the last socket that was bound with the option, and as long as the port is in use lets whoever
    /// has the same user and the same address, or one that this takes in, bind without a look at the other sockets
    /// (`sk_reuseport_match` in net/ipv4/inet_connection_sock.c). So the last one is a socket that nobody can want, on
    /// a multicast address, to which TCP cannot connect. The IPv4 wildcard takes that in, so that the kernel would go on
    /// remembering the wildcard: an address of the other family has to come between. Only the wildcard of both families
    /// takes in everything: there the kernel remembers, and the port stays open to SO_REUSEPORT of the daemon's own
    /// user until it is closed.
    private func makeKernelForget() throws(SystemError) {
        guard let port = address.port else { return }
        if case .ipv4(.any, _) = address { try bindDecoy(to: .ipv6(.loopback, port: port, scope: 0)) }
        let allHosts = IPv4Address(0xe000_0001)
        try bindDecoy(to: .ipv4(allHosts, port: port))
    }

    private func bindDecoy(to decoy: SocketAddress) throws(SystemError) {
        let family = decoy.family
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = OwnedDescriptor(adopting: try systemCall("socket") { socket(family, type, 0) })
        if case .ipv6 = decoy { try SocketOption.v6Only.set(1, on: descriptor.raw) }
        try SocketOption.reusePort.set(1, on: descriptor.raw)
        try ListeningSocket.bind(descriptor.raw, to: decoy)
    }
}
