// SPDX-License-Identifier: Apache-2.0

package import Addresses
import CLinux
import Glibc

/// Calls on a socket whose messages have bounds, one message a call, and each with where it came from or goes to. For
/// programs that have few of them: usherctl.
package enum MessageSocket {
    /// A message that came in.
    package struct Arrival: Equatable, Sendable {
        /// How long it was where it came from: more than the buffer has if its end is lost.
        package let length: Int
        /// Where it came from; nil where the kernel does not say.
        package let source: SocketAddress?
        /// Whether something came beside the bytes, and was thrown away: credentials, with SO_PASSCRED of unix(7). Only a
        /// message has them, and never the end of a connection.
        package let hasControl: Bool
    }

    /// Takes one message: recvmsg(2), with MSG_TRUNC.
    ///
    /// - Returns: nil when there is none.
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

    /// Sends one message whole, which may be empty: sendto(2), which here never raises SIGPIPE.
    ///
    /// - Parameter address: where to; nil for the address that the socket is connected to.
    /// - Returns: whether it went; if not, there is no room at the moment.
    package static func send(
        _ kind: SocketKind, _ raw: CInt, _ bytes: [UInt8], to address: SocketAddress? = nil
    ) throws(SystemError) -> Bool {
        // RDS refuses every flag that it does not know (EOPNOTSUPP), and raises no signal anyway.
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

    /// Gives a socket its name: bind(2). `unnamed` has the kernel choose an abstract name ("Autobind" of unix(7)).
    package static func bind(_ raw: CInt, to address: SocketAddress) throws(SystemError) {
        try ListeningSocket.bind(raw, to: address)
    }

    /// Which frames a raw CAN socket takes, CAN FD among them; with no filters, all.
    package static func filter(_ raw: CInt, _ filters: [CANFilter]) throws(SystemError) {
        try SocketOption(level: canRaw, name: canRawFDFrames).set(1, on: raw)
        guard !filters.isEmpty else { return }
        // struct can_filter of linux/can.h. Without its flag an identifier stands for the short frame of that number.
        let words = filters.flatMap { filter in
            let flag = filter.id > 0x7ff ? CANIdentifier.extendedFlag : 0
            return [filter.id | flag, filter.mask.map { $0 | CANIdentifier.extendedFlag } ?? exactly]
        }
        // unsafe: the array outlives the call, and its size is given.
        _ = try systemCall("setsockopt") {
            unsafe words.withUnsafeBytes {
                unsafe setsockopt(raw, canRaw, canRawFilter, $0.baseAddress, socklen_t($0.count))
            }
        }
    }

    /// Sends to broadcast addresses: SO_BROADCAST of socket(7).
    package static func allowBroadcast(_ raw: CInt) throws(SystemError) {
        try SocketOption.broadcast.set(1, on: raw)
    }

    /// Takes what is sent to a multicast group: IP_ADD_MEMBERSHIP of ip(7), IPV6_ADD_MEMBERSHIP of ipv6(7).
    ///
    /// - Parameter interface: the index of the interface that it comes through; 0 lets the kernel choose.
    package static func join(_ raw: CInt, group: SocketAddress, interface: UInt32) throws(SystemError) {
        _ = try systemCall("setsockopt") {
            // unsafe: the pointer is valid for the call.
            unsafe group.withKernelAddress { pointer, _ in unsafe clinux_join_group(raw, pointer, interface) }
        }
    }

    /// Sends to groups of the family of an address through an interface: IP_MULTICAST_IF of ip(7), IPV6_MULTICAST_IF of
    /// ipv6(7).
    package static func send(
        _ raw: CInt, groupsThrough interface: UInt32, _ address: SocketAddress
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

    /// Has each message, and nothing else, come with credentials, so that an empty one is told from the end of a
    /// connection: SO_PASSCRED of unix(7).
    package static func tellEmptyMessages(_ raw: CInt) throws(SystemError) {
        try SocketOption.passCredentials.set(1, on: raw)
    }

    /// Lets an address that a connection has used lately be bound again: SO_REUSEADDR of socket(7).
    package static func reuseAddress(_ raw: CInt) throws(SystemError) {
        try SocketOption.reuseAddress.set(1, on: raw)
    }

    /// For the IPv6 wildcard, whether IPv4 comes in too: IPV6_V6ONLY of ipv6(7).
    package static func setDualStack(_ raw: CInt, _ flag: Bool) throws(SystemError) {
        try SocketOption.v6Only.set(flag ? 0 : 1, on: raw)
    }

    // linux/can/raw.h
    private static let canRaw: CInt = 101
    private static let canRawFilter: CInt = 1
    private static let canRawFDFrames: CInt = 5
    private static let exactly = CANIdentifier.extendedFlag | CANIdentifier.remoteFlag | 0x1fff_ffff
}
