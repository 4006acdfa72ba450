// SPDX-License-Identifier: Apache-2.0

extension IPNetwork {
    /// Parses `10.0.0.0/8`, `2001:db8::/32`, or a single address, which is a network of one.
    ///
    /// A network with bits set after the prefix is refused: usually the prefix is wrong.
    ///
    /// - Throws: what is wrong and what to write.
    public init(parsing text: String) throws(IPNetworkMistake) {
        let bytes = Array(text.utf8)
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        let written = bytes[..<(slash ?? bytes.endIndex)]
        let suffix = slash.map { bytes[($0 + 1)...] }
        if let address = IPv4Address(parsing: written) {
            let length = try Self.prefixLength(suffix, of: written, longest: 32)
            self.init(around: address, prefixLength: length)
            guard isBase(address) else { throw hostBits(text) }
        } else if let address = IPv6Address(parsing: written) {
            let length = try Self.prefixLength(suffix, of: written, longest: 128)
            self.init(around: address, prefixLength: length)
            guard isBase(address) else { throw hostBits(text) }
        } else {
            throw Self.notANetwork(text, written)
        }
    }

    private static func prefixLength(
        _ suffix: ArraySlice<UInt8>?, of written: ArraySlice<UInt8>, longest: Int
    ) throws(IPNetworkMistake) -> Int {
        guard let suffix else { return longest }
        let address = String(decoding: written, as: UTF8.self)
        let text = String(decoding: suffix, as: UTF8.self)
        // A netmask, as ifconfig(8) shows it.
        if longest == 32, let mask = IPv4Address(parsing: suffix), let length = prefixLength(ofMask: mask.value) {
            throw IPNetworkMistake(
                message: "`/\(text)` is not the length of a prefix", help: "write \(address)/\(length)")
        }
        guard (1...3).contains(suffix.count), let length = EndpointParser.number(suffix, highest: UInt64(longest))
        else {
            throw IPNetworkMistake(
                message: "`/\(text)` is not the length of a prefix",
                help: "write a number of bits from 0 to \(longest) after the slash")
        }
        return Int(length)
    }

    /// The prefix length of a mask of ones followed by zeros; nil for any other.
    private static func prefixLength(ofMask mask: UInt32) -> Int? {
        (~mask &+ 1) & ~mask == 0 ? (~mask).leadingZeroBitCount : nil
    }

    private func hostBits(_ text: String) -> IPNetworkMistake {
        IPNetworkMistake(
            message: "the address of `\(text)` has bits set after the prefix",
            help: "write \(self) for the network, or leave out the slash for the one address")
    }

    private static func notANetwork(_ text: String, _ written: ArraySlice<UInt8>) -> IPNetworkMistake {
        let message = "`\(text)` is not a network"
        if text == "*" || text == "any" {
            return IPNetworkMistake(message: message, help: "write 0.0.0.0/0 and ::/0 for every address")
        }
        if written.first == UInt8(ascii: "["), let end = written.firstIndex(of: UInt8(ascii: "]")),
            IPv6Address(parsing: written[1..<end]) != nil
        {
            return IPNetworkMistake(message: message, help: "leave out the brackets: no port follows here")
        }
        let suffix = String(decoding: Array(text.utf8)[written.endIndex...], as: UTF8.self)
        if !suffix.isEmpty, let base = shortBase(written) {
            return IPNetworkMistake(message: message, help: "write \(base.text)\(suffix)")
        }
        if let help = NumericHost(parsing: written)?.help {
            return IPNetworkMistake(message: message, help: suffix.isEmpty ? help : "\(help), and \(suffix) behind it")
        }
        if written.contains(UInt8(ascii: "%")) {
            return IPNetworkMistake(
                message: message, help: "leave out the interface: a link-local address counts on each")
        }
        return IPNetworkMistake(
            message: message, help: "write for example 10.0.0.0/8, 2001:db8::/32, or one address such as 127.0.0.1")
    }

    /// The address of a network without its last numbers, as in `10/8` and `192.168/16`.
    private static func shortBase(_ written: ArraySlice<UInt8>) -> IPv4Address? {
        let labels = written.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...3).contains(labels.count) else { return nil }
        let zeros = repeatElement(Array(".0".utf8), count: 4 - labels.count).flatMap { $0 }
        return IPv4Address(parsing: Array(written) + zeros)
    }
}
