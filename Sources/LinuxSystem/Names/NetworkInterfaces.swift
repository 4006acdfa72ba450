// SPDX-License-Identifier: Apache-2.0

public import Addresses
import CLinux
import Glibc

/// The network interfaces of this host.
public enum NetworkInterfaces {
    /// The current IP addresses of this host, with port 0, link-local ones with their scope: getifaddrs(3).
    ///
    /// - Throws: the error of getifaddrs(3).
    public static func addresses() throws(SystemError) -> [SocketAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        // unsafe: the local is valid for the call; this function owns `list` afterwards and frees it below.
        _ = try systemCall("getifaddrs") { unsafe getifaddrs(&list) }
        defer { unsafe freeifaddrs(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        // unsafe: the list ends with NULL and lives until freeifaddrs.
        while let entry = unsafe next {
            if let address = unsafe address(at: entry.pointee.ifa_addr) { addresses.append(address) }
            unsafe next = entry.pointee.ifa_next
        }
        return addresses
    }

    /// The indices of the current interfaces of this host: if_nameindex(3).
    ///
    /// - Throws: the error of if_nameindex(3).
    public static func indexes() throws(SystemError) -> Set<UInt32> {
        var list: UnsafeMutablePointer<if_nameindex>?
        _ = try systemCall("if_nameindex") {
            unsafe list = if_nameindex()
            return unsafe list == nil ? -1 : 0
        }
        // unsafe: this function owns the list and frees it here.
        defer { unsafe if_freenameindex(list) }
        var indexes: Set<UInt32> = []
        var next = unsafe list
        // unsafe: the list ends with an entry of index 0 and lives until it is freed.
        while let entry = unsafe next, unsafe entry.pointee.if_index != 0 {
            unsafe indexes.insert(entry.pointee.if_index)
            unsafe next = entry + 1
        }
        return indexes
    }

    /// The IP address at a pointer of getifaddrs(3); nil for another family and for an interface without an address.
    private static func address(at pointer: UnsafeMutablePointer<sockaddr>?) -> SocketAddress? {
        guard let pointer = unsafe pointer else { return nil }
        let size: Int
        // unsafe: the pointer is valid while the list lives.
        switch unsafe CInt(pointer.pointee.sa_family) {
        case AF_INET: size = MemoryLayout<sockaddr_in>.size
        case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var storage = sockaddr_storage()
        // unsafe: an address of this family has this size, and fits into the local.
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: size))
        }
        return SocketAddress(kernel: storage, length: socklen_t(size))
    }
}
