// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// The identity of a connection along a chain of relays: the first usherd, its connection number, and the hops.
///
/// As text, `usherd/1/3/00000000deadbeef/42`: format, hops, instance in 16 hexadecimal digits, number. A relay sends on what it
/// received with one more hop, so that a loop is detected, and the records of all relays have one name for the connection.
///
/// The text is short because nginx up to 1.23 accepts no header above 107 bytes, including IPv6 addresses.
public struct ConnectionTrail: Hashable, Sendable {
    /// How many relays have relayed the connection, including the first.
    public let hops: UInt8

    /// The first relay: a random number that it chose at its start.
    public let instance: UInt64

    /// The number of the connection in the records of the first relay.
    public let connection: UInt64

    /// The trail of a connection directly from a client: one hop.
    public init(instance: UInt64, connection: UInt64) {
        self.init(hops: 1, instance: instance, connection: connection)
    }

    private init(hops: UInt8, instance: UInt64, connection: UInt64) {
        self.hops = hops
        self.instance = instance
        self.connection = connection
    }

    /// How many relays a connection may pass. No sensible chain is longer, and a loop reaches the limit at once.
    public static let mostHops: UInt8 = 16

    /// The trail for the next relay; nil if the connection has passed ``mostHops`` relays, so it is in a loop.
    public func next() -> ConnectionTrail? {
        guard hops < Self.mostHops else { return nil }
        return ConnectionTrail(hops: hops + 1, instance: instance, connection: connection)
    }

    // MARK: Text

    /// Appends the text.
    public func append(to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: Self.longestText) { append(to: &$0) }
    }

    /// Appends the text: ``textLength`` bytes.
    package func append(to bytes: inout ByteOutput) {
        bytes.append("usherd/1/", decimal: UInt64(hops))
        bytes.append(UInt8(ascii: "/"))
        for place in 1...16 {
            let digit = UInt8(truncatingIfNeeded: instance >> UInt64(64 - 4 * place)) & 0xf
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        bytes.append(UInt8(ascii: "/"))
        bytes.append(decimal: connection)
    }

    /// The length of the text with all numbers at their largest.
    static let longestText = 9 + 3 + 1 + 16 + 1 + 20

    /// The length of the text.
    var textLength: Int { 27 + Self.digits(of: UInt64(hops)) + Self.digits(of: connection) }

    private static func digits(of number: UInt64) -> Int {
        var rest = number
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }

    /// Parses the text; nil unless it is exactly in the written form.
    public init?(parsing text: some Collection<UInt8>) {
        guard text.count <= Self.longestText, text.starts(with: "usherd/1/".utf8) else { return nil }
        var rest = text.dropFirst(9)
        func part() -> some Collection<UInt8> {
            let part = rest.prefix { $0 != UInt8(ascii: "/") }
            rest = rest.dropFirst(part.count + 1)
            return part
        }
        guard let hops = Self.decimal(part()).flatMap({ UInt8(exactly: $0) }), hops > 0,
            let instance = Self.hexadecimal(part()), let connection = Self.decimal(rest)
        else { return nil }
        self.init(hops: hops, instance: instance, connection: connection)
    }

    private static func decimal(_ digits: some Collection<UInt8>) -> UInt64? {
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (tenfold, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tenfold.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value
    }

    private static func hexadecimal(_ digits: some Collection<UInt8>) -> UInt64? {
        guard digits.count == 16 else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}

extension ConnectionTrail: CustomStringConvertible {
    /// The text of ``append(to:)``.
    public var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
