// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// Lets a TCP socket listen on a port that other sockets of this process use, on an overlapping address.
///
/// The new address contains theirs or is contained in it: so `tcp://*:80` can become `tcp://127.0.0.1:80` without a gap in which
/// connections are refused.
///
/// Linux allows that only if all of these sockets belong to one user and have SO_REUSEPORT (socket(7)). It checks the option when
/// the new socket is bound and when it listens, not as it was when the others were. So all sockets have the option during these
/// two calls, and lose it afterwards: for some microseconds another process of the daemon's own user could listen there with
/// SO_REUSEPORT. Any other process is refused as always.
///
/// While both listen, a new connection goes to the socket with the narrower address.
struct PortSharing {
    private let address: SocketAddress

    /// The sockets on which this value has set SO_REUSEPORT.
    private var changedSockets: [CInt] = []

    /// Sets SO_REUSEPORT where it is not set. Does nothing if `others` is empty.
    ///
    /// - Parameters:
    ///   - newcomer: a socket that is not bound yet.
    ///   - address: the address that it will be bound to.
    ///   - others: the sockets that listen.
    init(of newcomer: CInt, for address: SocketAddress, with others: [CInt]) throws(SystemError) {
        self.address = address
        guard !others.isEmpty else { return }
        do throws(SystemError) {
            // A socket that has the option already (ReusePort= of systemd.socket(5)) keeps it.
            for raw in others + [newcomer] where try SocketOption.reusePort.value(of: raw) == 0 {
                try SocketOption.reusePort.set(1, on: raw)
                changedSockets.append(raw)
            }
        } catch {
            end()
            throw error
        }
    }

    /// Removes SO_REUSEPORT again, whether or not the new socket could listen.
    func end() {
        guard !changedSockets.isEmpty else { return }
        try? bindDecoys()
        for raw in changedSockets { try? SocketOption.reusePort.set(0, on: raw) }
    }

    /// Makes the kernel check for conflicts on the port again.
    ///
    /// The kernel remembers the last socket that was bound with SO_REUSEPORT. While the port is in use, it lets any socket of the
    /// same user on the same address, or on a narrower one, bind without checking the other sockets (`sk_reuseport_match` in
    /// net/ipv4/inet_connection_sock.c). So the last one bound is a decoy on a multicast address, which no TCP socket needs. The
    /// IPv4 wildcard contains that address, so the kernel would keep remembering the wildcard: an address of the other family has
    /// to be bound in between. The dual-stack wildcard contains every address: the kernel keeps remembering it, and the port
    /// stays open to SO_REUSEPORT of the daemon's own user until it is closed.
    private func bindDecoys() throws(SystemError) {
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
