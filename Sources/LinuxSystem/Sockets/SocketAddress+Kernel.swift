// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

extension SocketAddress {
    /// Converts the `sockaddr_storage` of accept(2), getsockname(2) or getaddrinfo(3).
    ///
    /// - Parameter length: the length that the call returned.
    /// - Returns: nil for an unsupported family.
    init?(kernel storage: sockaddr_storage, length: socklen_t) {
        switch CInt(storage.ss_family) {
        case AF_INET:
            let inet = Self.reinterpret(storage, as: sockaddr_in.self)
            self = .ipv4(IPv4Address(UInt32(bigEndian: inet.sin_addr.s_addr)), port: UInt16(bigEndian: inet.sin_port))
        case AF_INET6:
            let inet = Self.reinterpret(storage, as: sockaddr_in6.self)
            // unsafe: in6_addr is sixteen bytes of plain data, and so are two 64-bit words.
            let words = unsafe unsafeBitCast(inet.sin6_addr, to: (UInt64, UInt64).self)
            let address = IPv6Address(high: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
            self = .ipv6(address, port: UInt16(bigEndian: inet.sin6_port), scope: inet.sin6_scope_id)
        case AF_UNIX:
            self = Self.unixAddress(storage, length: length)
        case AF_VSOCK:
            var cid: UInt32 = 0
            var port: UInt32 = 0
            // unsafe: the pointers live for the call only.
            let known = unsafe withUnsafePointer(to: storage) { unsafe clinux_vsock_parts($0, &cid, &port) }
            guard known else { return nil }
            self = .vsock(cid: cid, port: port)
        case AF_CAN:
            // unsafe: the pointer lives for the call only.
            let index = unsafe withUnsafePointer(to: storage) { unsafe clinux_can_interface($0) }
            self = .can(index == 0 ? .any : InterfaceName(index: index) ?? .any, .none)
        default:
            return nil
        }
    }

    /// Calls `body` with the address as a `sockaddr`. The pointer is valid during the call only.
    func withKernelAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        switch self {
        case .ipv4(let address, let port):
            var inet = sockaddr_in()
            inet.sin_family = sa_family_t(AF_INET)
            inet.sin_port = port.bigEndian
            inet.sin_addr.s_addr = address.value.bigEndian
            length = Self.store(inet, in: &storage)
        case .ipv6(let address, let port, let scope):
            var inet = sockaddr_in6()
            inet.sin6_family = sa_family_t(AF_INET6)
            inet.sin6_port = port.bigEndian
            inet.sin6_scope_id = scope
            // unsafe: in6_addr is sixteen bytes of plain data, and so are two 64-bit words.
            inet.sin6_addr = unsafe unsafeBitCast((address.high.bigEndian, address.low.bigEndian), to: in6_addr.self)
            length = Self.store(inet, in: &storage)
        case .unix(let path):
            length = Self.store(unixName: path, leadingNul: false, in: &storage)
        case .abstract(let name):
            length = Self.store(unixName: name, leadingNul: true, in: &storage)
        case .unnamed:
            storage.ss_family = sa_family_t(AF_UNIX)
            length = socklen_t(MemoryLayout<sa_family_t>.size)
        case .vsock(let cid, let port):
            // unsafe: the pointers live for the call only.
            unsafe clinux_vsock_address(&storage, &length, cid, port)
        case .can(let interface, _):
            // unsafe: the pointers live for the call only. For an interface that does not exist, the highest index is
            // passed: no interface has it, so the kernel fails with ENODEV. Index 0 would mean all interfaces.
            unsafe clinux_can_address(&storage, &length, interface.index ?? UInt32(CInt.max))
        }
        // unsafe: every sockaddr begins as `sockaddr` does; the pointer lives for the call of `body`.
        return unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// The family for socket(2).
    package var family: CInt {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix, .abstract, .unnamed: AF_UNIX
        case .vsock: AF_VSOCK
        case .can: AF_CAN
        }
    }

    private static let pathOffset = MemoryLayout<sa_family_t>.size

    private static func unixAddress(_ storage: sockaddr_storage, length: socklen_t) -> SocketAddress {
        let count = min(Int(length), MemoryLayout<sockaddr_un>.size) - pathOffset
        guard count > 0 else { return .unnamed }
        // unsafe: the bytes of the local copy of `storage`, whose size is larger than that of sockaddr_un.
        let name = unsafe withUnsafeBytes(of: storage) { unsafe [UInt8]($0[pathOffset..<pathOffset + count]) }
        if name[0] == 0 { return count == 1 ? .unnamed : .abstract(name: Array(name.dropFirst())) }
        return .unix(path: Array(name.prefix { $0 != 0 }))
    }

    private static func store(unixName name: [UInt8], leadingNul: Bool, in storage: inout sockaddr_storage) -> socklen_t
    {
        storage.ss_family = sa_family_t(AF_UNIX)
        let start = pathOffset + (leadingNul ? 1 : 0)
        // A path may fill sun_path without a NUL (unix(7), BUGS). A truncated path would name another socket.
        let room = MemoryLayout<sockaddr_un>.size - start
        let count = min(name.count, room)
        // unsafe: start + count is at most the size of sockaddr_un, which is smaller than `storage`.
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            for index in 0..<count { unsafe bytes[start + index] = name[index] }
        }
        return socklen_t(start + count + (leadingNul || count == room ? 0 : 1))
    }

    private static func reinterpret<Address>(_ storage: sockaddr_storage, as type: Address.Type) -> Address {
        // unsafe: each kernel address is plain data, no larger than sockaddr_storage and no more aligned.
        unsafe withUnsafeBytes(of: storage) { unsafe $0.load(as: type) }
    }

    private static func store<Address>(_ address: Address, in storage: inout sockaddr_storage) -> socklen_t {
        // unsafe: as in `reinterpret`.
        unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.storeBytes(of: address, as: Address.self) }
        return socklen_t(MemoryLayout<Address>.size)
    }
}
