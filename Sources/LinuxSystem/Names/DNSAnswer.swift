// SPDX-License-Identifier: Apache-2.0

/// The answer of a name server: RFC 1035, section 4. It comes from outside, so nothing in it is taken for granted; names
/// are passed over and never followed, so they cannot lead in circles.
struct DNSAnswer {
    /// A record type that has to do with addresses.
    enum RecordType: UInt16 {
        /// An IPv4 address.
        case a = 1
        /// The name that is meant.
        case cname = 5
        /// An IPv6 address (RFC 3596).
        case aaaa = 28
        /// The names that are meant by all names below this one (RFC 6672).
        case dname = 39

        fileprivate var isAddress: Bool { self == .a || self == .aaaa }
    }

    /// How many seconds the addresses in the answer may be kept: as long as each of them and each alias on the way to them.
    /// nil if there is no address in it, or if it is not a whole answer.
    static func timeToLive(in message: [UInt8]) -> UInt32? {
        var reader = Reader(message: message)
        guard reader.skip(2), let flags = reader.word(), let questions = reader.word(), let answers = reader.word(),
            reader.skip(4)
        else { return nil }
        // QR: an answer. RCODE 0: no error.
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
            // RFC 2181, section 8: with the highest bit set it means 0.
            shortest = min(shortest ?? .max, time >> 31 == 0 ? time : 0)
            hasAddress = hasAddress || type.isAddress
        }
        return hasAddress ? shortest : nil
    }

    /// Reads on from where it is, never past the end.
    private struct Reader {
        let message: [UInt8]
        var position = 0

        /// The next two bytes, the first one highest.
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

        /// Passes over a name: labels up to the empty one, or up to a pointer to the rest (section 4.1.4).
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
