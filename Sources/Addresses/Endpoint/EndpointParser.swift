// SPDX-License-Identifier: Apache-2.0

/// Parses the text of an ``Endpoint`` and collects every mistake in it.
///
/// Slices keep the indices of the whole text, so that each part has its place.
struct EndpointParser {
    let text: [UInt8]
    private var mistakes: [EndpointMistake] = []

    init(_ text: [UInt8]) {
        self.text = text
    }

    mutating func parse() throws(EndpointSyntaxError) -> Endpoint {
        let endpoint = read()
        guard let endpoint, mistakes.isEmpty else {
            throw EndpointSyntaxError(mistakes: mistakes.sorted { $0.range.lowerBound < $1.range.lowerBound })
        }
        return endpoint
    }

    /// More than any valid address has, and short enough to be quoted.
    private static let longest = 1024

    private mutating func read() -> Endpoint? {
        guard text.count <= Self.longest else {
            report(
                .tooLong, text.indices, "the address is \(text.count) bytes long; the limit is \(Self.longest)")
            return nil
        }
        guard let schemeEnd = firstIndex(of: "://") else {
            reportMissingScheme()
            return nil
        }
        guard let scheme = scheme(text[..<schemeEnd]) else { return nil }
        let rest = text[(schemeEnd + 3)...]
        let question = rest.firstIndex(of: UInt8(ascii: "?"))
        let location = location(rest[..<(question ?? rest.endIndex)], of: scheme)
        var options = EndpointOptions()
        if let question {
            options = self.options(rest[(question + 1)...], of: scheme, location: location)
        }
        return location.map { Endpoint(scheme: scheme, location: $0, options: options) }
    }

    private mutating func location(_ part: ArraySlice<UInt8>, of scheme: EndpointScheme) -> EndpointLocation? {
        guard !part.isEmpty else {
            report(
                .missingLocation, part.startIndex..<part.startIndex, "nothing follows `\(scheme.rawValue)://`",
                help: "write \(scheme.form)")
            return nil
        }
        switch scheme {
        case .tcp, .udp, .rds: return hostAndPort(part, of: scheme)
        case .unix, .unixDatagram, .unixSeqpacket: return unixName(part, of: scheme)
        case .vsock: return contextAndPort(part)
        case .can: return interface(part).map { .interface($0) }
        case .systemd: return passedName(part)
        }
    }

    // MARK: The scheme

    private mutating func scheme(_ part: ArraySlice<UInt8>) -> EndpointScheme? {
        let name = Self.string(part)
        if let scheme = EndpointScheme(rawValue: name) { return scheme }
        let known = EndpointScheme.allCases.map(\.rawValue)
        guard !part.isEmpty else {
            report(.missingScheme, 0..<0, "no scheme before `://`", help: Self.listOfForms)
            return nil
        }
        let help: String
        if let port = Self.portsOfOthers[name.lowercased()] {
            help = "write tcp://\(authority(behind: part, port: port)): bytes are relayed as they are"
        } else if let meant = Self.namesOfOthers[name.lowercased()]?.rawValue
            ?? NearestName.find(name, among: known)
        {
            help = "write `\(meant)://`"
        } else {
            help = "the schemes are \(known.map { "`\($0)`" }.joined(separator: ", "))"
        }
        report(.unknownScheme, part.indices, "`\(name)` is not a scheme", help: help)
        return nil
    }

    /// URL schemes whose bytes can be relayed, with their default ports.
    private static let portsOfOthers = ["http": "80", "https": "443", "ws": "80", "wss": "443"]

    /// Other programs' names for the schemes, for which the nearest spelling would be wrong.
    private static let namesOfOthers: [String: EndpointScheme] = [
        "tcp4": .tcp, "tcp6": .tcp, "ssl": .tcp, "tls": .tcp, "udp4": .udp, "udp6": .udp, "dgram": .udp,
        "unix-stream": .unix, "unixgram": .unixDatagram, "unix-datagram": .unixDatagram,
        "unixpacket": .unixSeqpacket, "unix-packet": .unixSeqpacket, "sd": .systemd, "fd": .systemd,
    ]

    /// The host and port of a text after its scheme and `://`, without a path.
    private func authority(behind scheme: ArraySlice<UInt8>, port: String) -> String {
        let host = text[(scheme.endIndex + 3)...].prefix { !"/?# ".utf8.contains($0) }
        if host.isEmpty { return "HOST:\(port)" }
        // The last colon of [::1] does not precede a port.
        let tail = host.lastIndex(of: UInt8(ascii: "]")).map { host[$0...] } ?? host
        return Self.string(host) + (tail.contains(UInt8(ascii: ":")) ? "" : ":\(port)")
    }

    private static let listOfForms =
        "write for example tcp://127.0.0.1:7007, tcp://[::1]:7007, tcp://*:7007 or unix:///run/usherd/talk"

    /// Suggests an address for a text without `://`.
    private mutating func reportMissingScheme() {
        let whole = Self.string(text[...])
        guard !text.isEmpty else {
            report(.missingLocation, 0..<0, "the address is empty", help: Self.listOfForms)
            return
        }
        // `unix:/run/x`, `tcp:localhost:80`
        if let colon = text.firstIndex(of: UInt8(ascii: ":")),
            let scheme = EndpointScheme(rawValue: Self.string(text[..<colon]))
        {
            let rest = Self.string(text[(colon + 1)...].drop { $0 == UInt8(ascii: "/") })
            let slash = scheme.isUnix && !rest.hasPrefix("@") ? "/" : ""
            report(
                .missingScheme, 0..<colon + 1, "`\(scheme.rawValue):` must be followed by two slashes",
                help: rest.isEmpty ? "write \(scheme.form)" : "write \(scheme.rawValue)://\(slash)\(rest)")
            return
        }
        // `127.0.0.1:53 udp`, `10.0.0.5:80 weight=2`
        let words = text.split(separator: UInt8(ascii: " "))
        guard let first = words.first else {
            report(.missingScheme, text.indices, "`\(whole)` has no scheme", help: Self.listOfForms)
            return
        }
        let address = Self.string(first)
        let scheme = words.dropFirst().lazy.compactMap { EndpointScheme(rawValue: Self.string($0).lowercased()) }.first
        let network = scheme == .udp ? "udp" : "tcp"
        let alone = words.count > 1 ? " and nothing behind it" : ""
        var help = Self.listOfForms
        if first.first == UInt8(ascii: "/") || first.first == UInt8(ascii: "@") {
            help = "write unix://\(address)\(alone)"
        } else if first.allSatisfy(Self.isDigit) {
            help =
                "write \(network)://127.0.0.1:\(address) for this host alone, or \(network)://*:\(address) for everybody"
        } else if first.first == UInt8(ascii: ":") {
            help = "write \(network)://*\(address)\(alone)"
        } else if first.contains(UInt8(ascii: ":")) {
            help = "write \(network)://\(address)\(alone)"
        }
        report(.missingScheme, text.indices, "`\(whole)` has no scheme", help: help)
    }

    // MARK: Tools

    /// Adds a mistake.
    mutating func report(_ kind: EndpointMistake.Kind, _ range: Range<Int>, _ message: String, help: String? = nil) {
        mistakes.append(EndpointMistake(kind: kind, range: range, message: message, help: help))
    }

    /// A part of the text for a message.
    static func string(_ part: ArraySlice<UInt8>) -> String { String(decoding: part, as: UTF8.self) }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    /// The value of decimal digits; nil if there are none or other bytes, or if it is above `highest`.
    static func number(_ part: ArraySlice<UInt8>, highest: UInt64) -> UInt64? {
        guard !part.isEmpty, part.allSatisfy(isDigit) else { return nil }
        var value: UInt64 = 0
        for byte in part {
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            // `highest` has at most 32 bits, so the next step cannot overflow.
            if value > highest { return nil }
        }
        return value
    }

    private func firstIndex(of separator: StaticString) -> Int? {
        let wanted = Array(separator.description.utf8)
        guard text.count >= wanted.count else { return nil }
        return (0...text.count - wanted.count).first { text[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
