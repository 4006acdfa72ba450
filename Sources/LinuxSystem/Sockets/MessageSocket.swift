// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// Calls on a message socket, one message per call, each with its address. For programs with few messages: usherctl.
package enum MessageSocket {
    /// A received message.
    package struct Arrival: Equatable, Sendable {
        /// The length that was sent; more than the buffer's if the end was cut off (MSG_TRUNC).
        package let length: Int
        /// The sender's address; nil if the kernel does not report it.
        package let source: SocketAddress?
        /// Whether control data came with the bytes and was discarded: credentials, with SO_PASSCRED of unix(7). Every message
        /// has them; the end of a connection never does.
        package let hasControl: Bool
    }

    /// Receives one message: recvmsg(2), with MSG_TRUNC.
    ///
    /// - Returns: nil if there is none.
    package static func receive(
        _ raw: CInt, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Arrival? {
        var storage = sockaddr_storage()
        var flags = CInt(0)
        var addressLength = socklen_t(0)
        let count = try systemCallIfReady("recvmsg") {
            // unsafe: the buffer is the caller's for the call; the others are locals, pointed to only during it.
            unsafe withUnsafeMutablePointer(to: &storage) { name in
                var part = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
                return unsafe withUnsafeMutablePointer(to: &part) { part in
                    var message = unsafe msghdr()
                    unsafe message.msg_name = UnsafeMutableRawPointer(name)
                    unsafe message.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
                    unsafe message.msg_iov = part
                    unsafe message.msg_iovlen = 1
                    let count = unsafe recvmsg(raw, &message, CInt(MSG_TRUNC))
                    unsafe (flags, addressLength) = (message.msg_flags, message.msg_namelen)
                    return count
                }
            }
        }
        guard let count else { return nil }
        let source = addressLength == 0 ? nil : SocketAddress(kernel: storage, length: addressLength)
        return Arrival(
            length: count, source: source?.canonical, hasControl: flags & CInt(MSG_CTRUNC) != 0)
    }

    /// Sends one message, which may be empty: sendto(2), without SIGPIPE.
    ///
    /// - Parameter address: the receiver; nil for the peer of a connected socket.
    /// - Returns: whether it was sent; false if the socket's buffer is full.
    package static func send(
        _ kind: SocketKind, _ raw: CInt, _ bytes: [UInt8], to address: SocketAddress? = nil
    ) throws(SystemError) -> Bool {
        // RDS refuses unknown flags (EOPNOTSUPP), and never raises SIGPIPE.
        let flags = kind == .rds ? 0 : CInt(MSG_NOSIGNAL)
        let count = try systemCallIfReady("sendto") {
            // unsafe: the array and the address outlive the call.
            unsafe bytes.withUnsafeBytes { buffer in
                guard let address else { return unsafe sendto(raw, buffer.baseAddress, buffer.count, flags, nil, 0) }
                return unsafe address.withKernelAddress { pointer, length in
                    unsafe sendto(raw, buffer.baseAddress, buffer.count, flags, pointer, length)
                }
            }
        }
        return count != nil
    }

    /// Binds a socket: bind(2). `unnamed` makes the kernel choose an abstract name ("Autobind" of unix(7)).
    package static func bind(_ raw: CInt, to address: SocketAddress) throws(SystemError) {
        try ListeningSocket.bind(raw, to: address)
    }

    /// Makes a CAN socket receive the frames that pass the filters, CAN FD frames among them; without filters, all.
    package static func setFilters(_ raw: CInt, _ filters: [CANFilter]) throws(SystemError) {
        try ListeningSocket.prepareFrames(raw, filters)
    }

    /// Allows sending to broadcast addresses: SO_BROADCAST of socket(7).
    package static func allowBroadcast(_ raw: CInt) throws(SystemError) {
        try SocketOption.broadcast.set(1, on: raw)
    }

    /// Joins a multicast group: IP_ADD_MEMBERSHIP of ip(7), IPV6_ADD_MEMBERSHIP of ipv6(7).
    ///
    /// - Parameter interface: the index of the interface; 0 lets the kernel choose.
    package static func join(_ raw: CInt, group: SocketAddress, interface: UInt32) throws(SystemError) {
        _ = try systemCall("setsockopt") {
            // unsafe: the pointer is valid for the call.
            unsafe group.withKernelAddress { pointer, _ in unsafe clinux_join_group(raw, pointer, interface) }
        }
    }

    /// Sets the interface for sending to multicast groups: IP_MULTICAST_IF of ip(7), IPV6_MULTICAST_IF of ipv6(7).
    ///
    /// - Parameter address: a group, for its family.
    package static func setMulticastInterface(
        _ raw: CInt, _ interface: UInt32, for address: SocketAddress
    ) throws(SystemError) {
        guard interface != 0 else { return }
        if address.family == AF_INET6 {
            return try SocketOption(level: CInt(IPPROTO_IPV6), name: IPV6_MULTICAST_IF).set(Int(interface), on: raw)
        }
        var request = ip_mreqn()
        request.imr_ifindex = CInt(bitPattern: interface)
        // unsafe: a local of the size that is given.
        _ = try systemCall("setsockopt") {
            unsafe setsockopt(
                raw, CInt(IPPROTO_IP), IP_MULTICAST_IF, &request, socklen_t(MemoryLayout<ip_mreqn>.size))
        }
    }

    /// Makes the kernel add credentials to every message, which tells an empty one from the end: SO_PASSCRED of unix(7).
    package static func requestCredentials(_ raw: CInt) throws(SystemError) {
        try SocketOption.passCredentials.set(1, on: raw)
    }

    /// Allows binding to an address that a connection used recently: SO_REUSEADDR of socket(7).
    package static func reuseAddress(_ raw: CInt) throws(SystemError) {
        try SocketOption.reuseAddress.set(1, on: raw)
    }

    /// Sets whether a socket on the IPv6 wildcard receives IPv4 too: IPV6_V6ONLY of ipv6(7).
    package static func setDualStack(_ raw: CInt, _ flag: Bool) throws(SystemError) {
        try SocketOption.v6Only.set(flag ? 0 : 1, on: raw)
    }
}
