// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux

extension NameService {
    /// For how many seconds DNS allows the addresses of a host to be cached.
    ///
    /// getaddrinfo(3) does not return the TTL, so DNS is queried again; after ``addresses(of:port:)`` the name server usually has
    /// the answer cached. Each name server gets one second for each family.
    ///
    /// - Returns: nil if DNS has no address for the name (it is in /etc/hosts, for example), if DNS does not answer, and for a
    ///   numeric address, for which no query is sent.
    public static func timeToLive(of host: String) -> UInt32? {
        timeToLive(of: host, askingAt: nil)
    }

    /// As above, but queries the name server at port `server` of IPv4 loopback.
    static func timeToLive(of host: String, askingAt server: UInt16?) -> UInt32? {
        // A host name never contains a colon, and a numeric IPv6 address always does, whatever its scope.
        guard !host.utf8.contains(UInt8(ascii: ":")), IPv4Address(parsing: host.utf8) == nil else { return nil }
        var shortest: UInt32?
        for type in [DNSAnswer.RecordType.a, .aaaa] {
            guard let time = answer(of: host, type, askingAt: server).flatMap(DNSAnswer.timeToLive) else { continue }
            shortest = min(shortest ?? .max, time)
        }
        return shortest
    }

    private static func answer(of host: String, _ type: DNSAnswer.RecordType, askingAt server: UInt16?) -> [UInt8]? {
        // More than the 1200 bytes that a name server may send with the EDNS0 size of the C library.
        let room = 4096
        var length: CInt = -1
        // unsafe: the C library writes at most `room` bytes, and as many as it says are initialised.
        let answer = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            length = unsafe clinux_dns_search(
                host, CInt(type.rawValue), IPv4Address.loopback.value, server ?? 0, buffer.baseAddress, CInt(room))
            count = min(max(Int(length), 0), room)
        }
        return length >= 0 ? answer : nil
    }
}
