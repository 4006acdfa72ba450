// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// Calls on an outgoing socket: connect(2) without waiting.
///
/// A CAN bus has no peer to connect to: a CAN socket is bound to its interface instead.
package enum OutgoingSocket {
    /// Makes a non-blocking socket for a peer of this kind at this address.
    ///
    /// - Parameters:
    ///   - source: the local IP address. The port is chosen at connect(2), so it may be in use towards another peer
    ///     (IP_BIND_ADDRESS_NO_PORT).
    ///   - timers: the timers that detect a vanished TCP peer.
    ///   - filters: which frames a CAN socket receives; all if empty.
    package static func make(
        _ kind: SocketKind, for address: SocketAddress, from source: SocketAddress? = nil, timers: PeerTimers? = nil,
        filters: [CANFilter] = []
    ) throws(SystemError) -> OwnedDescriptor {
        let descriptor = try kind.makeSocket(for: address)
        if let timers, kind == .tcp { try timers.apply(to: descriptor.raw) }
        // ``Transfer`` needs it to tell an empty message from the end.
        if kind == .unixSeqpacket { try SocketOption.passCredentials.set(1, on: descriptor.raw) }
        let raw = descriptor.raw
        // As for accepted sockets: see ``ListeningSocket``.
        if kind == .tcp || kind == .unixStream { try? SocketOption.urgentInline.set(1, on: raw) }
        // Optional: a kernel may lack SO_RXQ_OVFL or UDP_GRO; then drops are not counted, or datagrams not joined.
        if kind.isDatagram { _ = try? systemCall("setsockopt") { clinux_report_drops(raw) } }
        if kind == .udp { _ = try? systemCall("setsockopt") { clinux_join_datagrams(raw) } }
        // An unbound socket cannot receive answers; the kernel chooses a name (unix(7), "Autobind").
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

    /// The local address from which a peer is reached. RDS does not choose one, so a connected UDP socket is asked.
    private static func localAddress(
        towards address: SocketAddress, _ source: SocketAddress?
    ) throws(SystemError) -> SocketAddress {
        if let source, source.family == address.family { return source }
        let probe = try SocketKind.udp.makeSocket(for: address)
        _ = try connect(probe.raw, to: address)
        return try ListeningSocket.localAddress(of: probe.raw).with(port: 0)
    }

    /// Starts to connect; for CAN, starts to receive frames.
    ///
    /// - Returns: whether the socket is connected already, as a Unix socket is. If not, it becomes writable when the connect has
    ///   succeeded or failed, and ``finish(_:)`` returns which.
    /// - Throws: the kernel's error; `EAGAIN` for a Unix socket whose backlog is full (unix(7)), `ENODEV` and `ENETDOWN` for a
    ///   CAN interface that does not exist or is down; `ECONNREFUSED` for a socket that has connected to itself.
    /// - Parameter selfConnects: detects a self-connect; nil skips the check.
    package static func connect(
        _ raw: CInt, to address: SocketAddress, _ selfConnects: SelfConnectGuard? = nil
    ) throws(SystemError) -> Bool {
        if case .can = address {
            try ListeningSocket.bind(raw, to: address)
            // bind(2) succeeds on an interface that is down; the error (ENETDOWN) is pending in SO_ERROR.
            let number = CInt(truncatingIfNeeded: try SocketOption.error.value(of: raw))
            if number != 0 { throw SystemError("bind", errno: number) }
            return true
        }
        let state = try systemCall("connect") {
            // unsafe: the pointer is valid for the call.
            let state = unsafe address.withKernelAddress { unsafe clinux_connect(raw, $0, $1) }
            // EINPROGRESS: the connect is in progress, which is no failure.
            return state < 0 && errno == EINPROGRESS ? 1 : state
        }
        // connect(2) chooses the local port at once, even while the connect is in progress.
        if let selfConnects, try selfConnects.isSelf(raw, address) {
            // A normal close would keep the port in TIME_WAIT.
            try? StreamSocket.resetOnClose(raw)
            throw SystemError("connect", errno: ECONNREFUSED)
        }
        return state == 0
    }

    /// Throws the error of a connect that has ended, if it failed: SO_ERROR of socket(7).
    package static func finish(_ raw: CInt) throws(SystemError) {
        let number = CInt(truncatingIfNeeded: try SocketOption.error.value(of: raw))
        if number != 0 { throw SystemError("connect", errno: number) }
    }

    /// Whether the kernel's send buffer has bytes that the peer has not taken: SIOCOUTQ of tcp(7). False on error.
    package static func hasUnsent(_ raw: CInt) -> Bool {
        let count = try? systemCall("ioctl") { clinux_unsent(raw) }
        return (count ?? 0) > 0
    }

    /// Turns off Nagle's algorithm: TCP_NODELAY of tcp(7).
    package static func setNoDelay(_ raw: CInt) throws(SystemError) {
        try SocketOption.noDelay.set(1, on: raw)
    }

    /// Delays the ACK that completes the handshake, so that it travels with the first bytes: TCP_QUICKACK of tcp(7), off.
    ///
    /// Only useful if these bytes are there already. Call it before ``connect(_:to:)``.
    package static func acknowledgeWithData(_ raw: CInt) throws(SystemError) {
        try SocketOption.quickAcknowledge.set(0, on: raw)
    }
}
