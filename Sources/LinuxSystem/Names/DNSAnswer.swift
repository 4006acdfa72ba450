// SPDX-License-Identifier: Apache-2.0

/// The answer of a name server: RFC 1035, section 4.
///
/// The message is untrusted, so every read is bounds-checked. Names are skipped and compression pointers never followed, so they
/// cannot form a loop.
struct DNSAnswer {
    /// The record types that lead to addresses.
    enum RecordType: UInt16 {
        /// An IPv4 address.
        case a = 1
        /// The canonical name of an alias.
        case cname = 5
        /// An IPv6 address (RFC 3596).
        case aaaa = 28
        /// Redirects all names below this one to another domain (RFC 6672).
        case dname = 39

        fileprivate var isAddress: Bool { self == .a || self == .aaaa }
    }

    /// How many seconds the addresses in the answer may be cached; nil if it has no address or is not complete.
    ///
    /// The minimum over the address records and the aliases that lead to them.
    static func timeToLive(in message: [UInt8]) -> UInt32? {
        var reader = Reader(message: message)
        guard reader.skip(2), let flags = reader.word(), let questions = reader.word(), let answers = reader.word(),
            reader.skip(4)
        else { return nil }
        // The QR bit marks an answer; RCODE 0 is no error.
        guard flags & 0x8000 != 0, flags & 0xf == 0 else { return nil }
        for _ in 0..<questions {
            guard reader.skipName(), reader.skip(4) else { return nil }
        }
        var shortest: UInt32?
        var hasAddress = false
        for _ in 0..<answers {
            guard reader.skipName(), let type = reader.word(), let recordClass = reader.word(),
                let high = reader.word(), let low = reader.word(), let length = reader.word(),
                reader.skip(Int(length))
            else { return nil }
            // Class 1: the Internet.
            guard recordClass == 1, let type = RecordType(rawValue: type) else { continue }
            let time = UInt32(high) << 16 | UInt32(low)
            // RFC 2181, section 8: a TTL with the highest bit set counts as 0.
            shortest = min(shortest ?? .max, time >> 31 == 0 ? time : 0)
            hasAddress = hasAddress || type.isAddress
        }
        return hasAddress ? shortest : nil
    }

    /// Reads the message forwards, never past its end.
    private struct Reader {
        let message: [UInt8]
        var position = 0

        /// The next two bytes in network byte order; nil at the end.
        mutating func word() -> UInt16? {
            guard message.count - position >= 2 else { return nil }
            defer { position += 2 }
            return UInt16(message[position]) << 8 | UInt16(message[position + 1])
        }

        mutating func skip(_ count: Int) -> Bool {
            guard message.count - position >= count else { return false }
            position += count
            return true
        }

        /// Skips a name: labels up to the empty one, or up to a compression pointer (section 4.1.4).
        mutating func skipName() -> Bool {
            while position < message.count {
                let length = message[position]
                switch length >> 6 {
                case 0b11: return skip(2)
                case 0b00:
                    guard skip(1 + Int(length)) else { return false }
                    if length == 0 { return true }
                default: return false
                }
            }
            return false
        }
    }
}
