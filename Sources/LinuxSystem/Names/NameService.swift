// SPDX-License-Identifier: Apache-2.0

public import Addresses
import CLinux
import Glibc

/// Looks up the names of hosts, users, groups and interfaces: nsswitch.conf(5).
///
/// Concurrency: any thread; every call may block for as long as a name server takes.
public enum NameService {
    /// The addresses of a host name or numeric address, each with `port`, in the order of RFC 6724.
    ///
    /// All families are queried, whether or not the host has an address of them: listening on `::1` needs no IPv6 route.
    ///
    /// - Throws: the resolver's error.
    public static func addresses(of host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
        // unsafe: `hints` is a local whose pointers stay NULL, as getaddrinfo wants them.
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        // unsafe: the strings and the local are valid for the call; this function owns `list` afterwards and frees it below.
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            if status == EAI_SYSTEM { throw NameLookupFailure(reason: SystemError.reason(of: errno)) }
            // unsafe: gai_strerror returns a string that lives as long as the program.
            throw NameLookupFailure(reason: unsafe String(cString: gai_strerror(status)))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        // unsafe: the list ends with NULL and lives until freeaddrinfo.
        while let entry = unsafe next {
            if let address = unsafe address(of: entry.pointee)?.with(port: port), !addresses.contains(address) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }

    /// The number of a user: getpwnam_r(3).
    ///
    /// - Returns: nil if there is no such user.
    /// - Throws: the error of the look-up.
    public static func user(named name: String) throws(NameLookupFailure) -> UInt32? {
        try passwordEntry(of: name)?.user
    }

    /// The numbers of a user and of the user's primary group: getpwnam_r(3).
    static func passwordEntry(of name: String) throws(NameLookupFailure) -> (user: UInt32, group: UInt32)? {
        // unsafe: the buffer is used only during the call.
        try unsafe lookUp { buffer, length in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            // unsafe: all pointers are valid for the call, and `found` points at `entry` or nowhere.
            let status = unsafe getpwnam_r(name, &entry, buffer, length, &found)
            return (status, unsafe found == nil ? nil : (entry.pw_uid, entry.pw_gid))
        }
    }

    /// The name of a user: getpwuid_r(3). nil if the user has none, or if the look-up fails.
    package static func userName(of number: UInt32) -> String? {
        // unsafe: the buffer is used only during the call.
        try? unsafe lookUp { buffer, length in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            // unsafe: as in `passwordEntry`; the name is copied while the buffer lives.
            let status = unsafe getpwuid_r(number, &entry, buffer, length, &found)
            return (status, unsafe found == nil ? nil : String(cString: entry.pw_name))
        }
    }

    /// The name of a group: getgrgid_r(3). nil if the group has none, or if the look-up fails.
    package static func groupName(of number: UInt32) -> String? {
        // unsafe: the buffer is used only during the call.
        try? unsafe lookUp { buffer, length in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            // unsafe: as in `userName`.
            let status = unsafe getgrgid_r(number, &entry, buffer, length, &found)
            return (status, unsafe found == nil ? nil : String(cString: entry.gr_name))
        }
    }

    /// The number of a group: getgrnam_r(3).
    ///
    /// - Returns: nil if there is no such group.
    /// - Throws: the error of the look-up.
    public static func group(named name: String) throws(NameLookupFailure) -> UInt32? {
        // unsafe: the buffer is used only during the call.
        try unsafe lookUp { buffer, length in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            // unsafe: as in `user`.
            let status = unsafe getgrnam_r(name, &entry, buffer, length, &found)
            return (status, unsafe found == nil ? nil : entry.gr_gid)
        }
    }

    /// The index of a network interface: if_nametoindex(3).
    public static func interface(named name: String) -> UInt32? {
        // unsafe: the string is valid for the call.
        let index = unsafe if_nametoindex(name)
        return index == 0 ? nil : index
    }

    /// Calls one of the `_r` functions with a buffer that grows until the entry fits.
    private static func lookUp<Answer>(
        _ call: (UnsafeMutablePointer<CChar>, Int) -> (status: CInt, answer: Answer?)
    ) throws(NameLookupFailure) -> Answer? {
        var size = 1024
        while true {
            // unsafe: the buffer lives for the call, and the answer does not point into it.
            let (status, answer) = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                guard let start = buffer.baseAddress else { return (ENOMEM, nil as Answer?) }
                return unsafe call(start, buffer.count)
            }
            switch status {
            case 0: return answer
            // getpwnam(3) lists these as "the given name was not found".
            case ENOENT, ESRCH, EBADF, EPERM: return nil
            case EINTR: continue
            case ERANGE where size < 1 << 20: size *= 4
            default: throw NameLookupFailure(reason: SystemError.reason(of: status))
            }
        }
    }

    private static func address(of entry: addrinfo) -> SocketAddress? {
        // unsafe: getaddrinfo made the entry and its pointers.
        guard let source = unsafe entry.ai_addr, unsafe entry.ai_addrlen <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        var storage = sockaddr_storage()
        // unsafe: `ai_addr` has `ai_addrlen` bytes, which fit into the local.
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: Int(entry.ai_addrlen)))
        }
        return SocketAddress(kernel: storage, length: unsafe entry.ai_addrlen)
    }
}
