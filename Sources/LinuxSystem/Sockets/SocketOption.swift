// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A socket option that holds a number: setsockopt(2), socket(7), tcp(7), ipv6(7).
package struct SocketOption: Sendable {
    let level: CInt
    let name: CInt

    static let reuseAddress = SocketOption(level: SOL_SOCKET, name: SO_REUSEADDR)
    static let reusePort = SocketOption(level: SOL_SOCKET, name: SO_REUSEPORT)
    static let keepAlive = SocketOption(level: SOL_SOCKET, name: SO_KEEPALIVE)
    static let keepIdle = SocketOption(level: CInt(IPPROTO_TCP), name: TCP_KEEPIDLE)
    static let keepInterval = SocketOption(level: CInt(IPPROTO_TCP), name: TCP_KEEPINTVL)
    static let keepCount = SocketOption(level: CInt(IPPROTO_TCP), name: TCP_KEEPCNT)
    static let userTimeout = SocketOption(level: CInt(IPPROTO_TCP), name: TCP_USER_TIMEOUT)
    static let noDelay = SocketOption(level: CInt(IPPROTO_TCP), name: TCP_NODELAY)
    static let quickAcknowledge = SocketOption(level: CInt(IPPROTO_TCP), name: TCP_QUICKACK)
    static let urgentInline = SocketOption(level: SOL_SOCKET, name: SO_OOBINLINE)
    static let broadcast = SocketOption(level: SOL_SOCKET, name: SO_BROADCAST)
    static let receiveBuffer = SocketOption(level: SOL_SOCKET, name: SO_RCVBUF)
    static let sendBuffer = SocketOption(level: SOL_SOCKET, name: SO_SNDBUF)
    static let sendBufferForced = SocketOption(level: SOL_SOCKET, name: SO_SNDBUFFORCE)
    static let domain = SocketOption(level: SOL_SOCKET, name: SO_DOMAIN)
    static let v6Only = SocketOption(level: CInt(IPPROTO_IPV6), name: IPV6_V6ONLY)
    static let passCredentials = SocketOption(level: SOL_SOCKET, name: SO_PASSCRED)
    static let socketType = SocketOption(level: SOL_SOCKET, name: SO_TYPE)
    static let error = SocketOption(level: SOL_SOCKET, name: SO_ERROR)
    static let bindAddressNoPort = SocketOption(level: CInt(IPPROTO_IP), name: CInt(CLINUX_BIND_ADDRESS_NO_PORT))
    static let accepting = SocketOption(level: SOL_SOCKET, name: SO_ACCEPTCONN)

    /// Sets the option of a socket.
    package func set(_ value: Int, on raw: CInt) throws(SystemError) {
        var number = CInt(clamping: value)
        // unsafe: a local of the size that is given.
        _ = try systemCall("setsockopt") {
            unsafe setsockopt(raw, level, name, &number, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// The value of the option.
    package func value(of raw: CInt) throws(SystemError) -> Int {
        var number = CInt(0)
        var length = socklen_t(MemoryLayout<CInt>.size)
        // unsafe: two locals, the second the size of the first.
        _ = try systemCall("getsockopt") { unsafe getsockopt(raw, level, name, &number, &length) }
        return Int(number)
    }
}
