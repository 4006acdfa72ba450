// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux

extension NameService {
    /// For how many seconds DNS lets the addresses of a host be kept.
    ///
    /// getaddrinfo(3) does not tell, so DNS is asked once more, which after ``addresses(of:port:)`` has the answer at hand.
    /// Each name server gets one second for each family.
    ///
    /// - Returns: nil if DNS knows no address of that name, as of one in /etc/hosts; if it does not answer; and for a
    ///   numeric address, of which it is not asked.
    public static func timeToLive(of host: String) -> UInt32? {
        timeToLive(of: host, askingAt: nil)
    }

    /// As above, asking the name server at `server` on IPv4 loopback.
    static func timeToLive(of host: String, askingAt server: UInt16?) -> UInt32? {
        // No host name has a colon, and every numeric IPv6 address has one, whatever its scope.
        guard !host.utf8.contains(UInt8(ascii: ":")), IPv4Address(parsing: host.utf8) == nil else { return nil }
        var shortest: UInt32?
        for type in [DNSAnswer.RecordType.a, .aaaa] {
            guard let time = answer(of: host, type, askingAt: server).flatMap(DNSAnswer.timeToLive) else { continue }
            shortest = min(shortest ?? .max, time)
        }
        return shortest
    }

    private static func answer(of host: String, _ type: DNSAnswer.RecordType, askingAt server: UInt16?) -> [UInt8]? {
        // More than a name server may send, which is 1200 bytes with the C library's EDNS0.
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
