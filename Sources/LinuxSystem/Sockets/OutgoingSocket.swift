// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// Calls on a socket that is connected from here: connect(2) without waiting. A bus has nobody to connect to: a socket of
/// CAN is bound to its interface instead.
package enum OutgoingSocket {
    /// Makes a non-blocking socket for a peer of this kind at this address.
    ///
    /// - Parameters:
    ///   - source: the IP address to come from; the port is chosen when the connection is made, so that it may be in use
    ///     towards another peer.
    ///   - timers: how a TCP connection finds out that its peer has vanished.
    ///   - filters: which frames of a CAN bus come in; none takes all.
    package static func make(
        _ kind: SocketKind, for address: SocketAddress, from source: SocketAddress? = nil, timers: PeerTimers? = nil,
        filters: [CANFilter] = []
    ) throws(SystemError) -> OwnedDescriptor {
        let descriptor = try kind.makeSocket(for: address)
        if let timers, kind == .tcp { try timers.apply(to: descriptor.raw) }
        // How ``Transfer`` tells an empty message from the end.
        if kind == .unixSeqpacket { try SocketOption.passCredentials.set(1, on: descriptor.raw) }
        let raw = descriptor.raw
        // As ``ListeningSocket`` has it for clients.
        if kind == .tcp || kind == .unixStream { try? SocketOption.urgentInline.set(1, on: raw) }
        // Where the kernel cannot count what it loses, it does without.
        if kind.isDatagram { _ = try? systemCall("setsockopt") { clinux_tell_drops(raw) } }
        if kind == .udp { _ = try? systemCall("setsockopt") { clinux_join_datagrams(raw) } }
        // Who has no name gets no answer; the kernel makes one up (unix(7), autobind).
        if kind == .unixDatagram { try ListeningSocket.bind(descriptor.raw, to: .unnamed) }
        if kind == .can { try ListeningSocket.prepareFrames(descriptor.raw, filters) }
        if kind == .rds {
            ListeningSocket.prepareMessages(descriptor.raw)
            try ListeningSocket.bind(descriptor.raw, to: localAddress(towards: address, source))
            return descriptor
        }
        if let source, source.family == address.family {
            try SocketOption.bindAddressNoPort.set(1, on: descriptor.raw)
            try ListeningSocket.bind(descriptor.raw, to: source)
        }
        return descriptor
    }

    /// The address from which to reach another: RDS does not choose one by itself, and UDP tells which it would be.
    private static func localAddress(
        towards address: SocketAddress, _ source: SocketAddress?
    ) throws(SystemError) -> SocketAddress {
        if let source, source.family == address.family { return source }
        let probe = try SocketKind.udp.makeSocket(for: address)
        _ = try connect(probe.raw, to: address)
        return try ListeningSocket.localAddress(of: probe.raw).with(port: 0)
    }

    /// Begins to connect; for CAN, begins to take frames.
    ///
    /// - Returns: whether the connection stands already, as that to a Unix socket does; if not, the socket becomes
    ///   writable when it does or when it has failed, and ``finish(_:)`` tells which.
    /// - Throws: what the kernel says; `EAGAIN` of a Unix socket whose backlog is full (unix(7)), `ENODEV` and `ENETDOWN` of
    ///   a CAN interface that is not there or down; `ECONNREFUSED` of a socket that has connected to itself.
    /// - Parameter selfConnects: notices that; nil does not look.
    package static func connect(
        _ raw: CInt, to address: SocketAddress, _ selfConnects: SelfConnectGuard? = nil
    ) throws(SystemError) -> Bool {
        if case .can = address {
            try ListeningSocket.bind(raw, to: address)
            // Of an interface that is down, bind(2) says nothing, and the next call everything.
            let number = CInt(truncatingIfNeeded: try SocketOption.error.value(of: raw))
            if number != 0 { throw SystemError("bind", errno: number) }
            return true
        }
        let state = try systemCall("connect") {
            // unsafe: the pointer is valid for the call.
            let state = unsafe address.withKernelAddress { unsafe clinux_connect(raw, $0, $1) }
            // It was begun, which is no failure.
            return state < 0 && errno == EINPROGRESS ? 1 : state
        }
        // The local port is chosen by now, whether the connection stands or not.
        if let selfConnects, try selfConnects.isSelf(raw, address) {
            // It must not keep the port in TIME_WAIT.
            try? StreamSocket.resetOnClose(raw)
            throw SystemError("connect", errno: ECONNREFUSED)
        }
        return state == 0
    }

    /// Asks what became of a connection that was begun: SO_ERROR of socket(7).
    package static func finish(_ raw: CInt) throws(SystemError) {
        let number = CInt(truncatingIfNeeded: try SocketOption.error.value(of: raw))
        if number != 0 { throw SystemError("connect", errno: number) }
    }

    /// Whether the kernel has bytes that the peer has not taken: SIOCOUTQ of tcp(7). Where it cannot be said there are none.
    package static func hasUnsent(_ raw: CInt) -> Bool {
        let count = try? systemCall("ioctl") { clinux_unsent(raw) }
        return (count ?? 0) > 0
    }

    /// Sends small writes at once: TCP_NODELAY of tcp(7).
    package static func sendAtOnce(_ raw: CInt) throws(SystemError) {
        try SocketOption.noDelay.set(1, on: raw)
    }

    /// Lets the acknowledgement that completes the connection travel with the first bytes, which are there already:
    /// TCP_QUICKACK of tcp(7), turned off. To be said before ``connect(_:to:)``.
    package static func acknowledgeWithData(_ raw: CInt) throws(SystemError) {
        try SocketOption.quickAcknowledge.set(0, on: raw)
    }
}
