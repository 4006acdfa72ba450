// SPDX-License-Identifier: Apache-2.0

/// `HOST:PORT` of tcp, udp and rds, and `CID:PORT` of vsock.
extension EndpointParser {
    mutating func hostAndPort(_ part: ArraySlice<UInt8>, of scheme: EndpointScheme) -> EndpointLocation? {
        let prefix = scheme.rawValue + "://"
        var part = part
        if let slash = part.firstIndex(of: UInt8(ascii: "/")) {
            guard slash > part.startIndex else {
                report(
                    .missingLocation, slash..<slash + 1, "`\(prefix)` needs a host, not a path",
                    help: "write \(scheme.form), or unix://\(Self.string(part)) for a Unix socket")
                return nil
            }
            report(
                .unexpectedPath, slash..<part.endIndex, "`\(scheme.rawValue)` has no path",
                help: "leave out `\(Self.string(part[slash...]))`")
            part = part[..<slash]
        }
        if part.first == UInt8(ascii: "[") { return bracketedHostAndPort(part, prefix: prefix) }
        guard let colon = part.lastIndex(of: UInt8(ascii: ":")) else {
            reportMissingPort(part, prefix: prefix)
            return nil
        }
        let host = part[..<colon]
        let port = part[(colon + 1)...]
        if host.contains(UInt8(ascii: ":")) {
            reportUnbracketed(part, host: host, port: port, prefix: prefix)
            return nil
        }
        let readHost = self.host(host, port: port, prefix: prefix)
        let readPort = self.port(port)
        guard let readHost, let readPort else { return nil }
        return .host(readHost, port: readPort)
    }

    // MARK: The host

    private mutating func host(_ part: ArraySlice<UInt8>, port: ArraySlice<UInt8>, prefix: String) -> EndpointHost? {
        guard !part.isEmpty else {
            report(
                .badHost, part.startIndex..<part.startIndex, "no host before the port",
                help: "write \(prefix)*:\(Self.string(port)) for every address of this host")
            return nil
        }
        if part.elementsEqual([UInt8(ascii: "*")]) { return .any }
        let text = Self.string(part)
        let number = NumericHost(parsing: part)
        if number != nil || part.allSatisfy({ Self.isDigit($0) || $0 == UInt8(ascii: ".") }) {
            if let address = IPv4Address(parsing: part) { return .ipv4(address) }
            report(
                .badHost, part.indices, "`\(text)` is not an IPv4 address in the usual spelling",
                help: number?.help ?? "write four numbers from 0 to 255 without leading zeros, such as 192.0.2.1")
            return nil
        }
        if let wrong = part.firstIndex(where: { !Self.isLetterOrDigit($0) && !"-._".utf8.contains($0) }) {
            let help =
                part[wrong] >= 0x80
                ? "write the name in its ASCII form, which begins with `xn--`"
                : "write a name, an IPv4 address, an IPv6 address in brackets, or *"
            report(.badHost, part.indices, "`\(text)` is not a host name", help: help)
            return nil
        }
        let labels = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // A dot at the end marks a complete name (RFC 1034 section 3.1).
        let named = labels.last?.isEmpty == true ? labels.dropLast() : labels[...]
        guard part.count <= 253, named.allSatisfy({ (1...63).contains($0.count) }) else {
            report(
                .badHost, part.indices, "`\(text)` is not a host name",
                help: "between its dots a name has 1 to 63 characters, and 253 in all")
            return nil
        }
        return .name(text)
    }

    private mutating func bracketedHostAndPort(_ part: ArraySlice<UInt8>, prefix: String) -> EndpointLocation? {
        guard let close = part.firstIndex(of: UInt8(ascii: "]")) else {
            report(.badHost, part.indices, "the bracket is never closed", help: "write \(prefix)[::1]:PORT")
            return nil
        }
        let host = bracketed(part[(part.startIndex + 1)..<close], prefix: prefix)
        let after = part[(close + 1)...]
        guard after.first == UInt8(ascii: ":") else {
            report(
                .missingPort, after.isEmpty ? close + 1..<close + 1 : after.indices,
                "no port follows `\(Self.string(part[...close]))`",
                help: "write \(prefix)\(Self.string(part[...close])):PORT")
            return nil
        }
        guard let port = port(after.dropFirst()), let host else { return nil }
        return .host(host, port: port)
    }

    private mutating func bracketed(_ part: ArraySlice<UInt8>, prefix: String) -> EndpointHost? {
        let percent = part.firstIndex(of: UInt8(ascii: "%"))
        let digits = part[..<(percent ?? part.endIndex)]
        guard let address = IPv6Address(parsing: digits) else {
            var help = "write eight groups of up to four hexadecimal digits, or `::` once for groups of zeros"
            if IPv4Address(parsing: digits) != nil {
                help = "write \(prefix)\(Self.string(digits)):PORT: only IPv6 addresses have brackets"
            }
            report(.badHost, part.indices, "`\(Self.string(part))` is not an IPv6 address", help: help)
            return nil
        }
        guard let percent else { return .ipv6(address, scope: nil) }
        guard let scope = interface(part[(percent + 1)...]) else { return nil }
        return .ipv6(address, scope: scope)
    }

    // MARK: The port

    private mutating func port(_ part: ArraySlice<UInt8>) -> UInt16? {
        guard let number = portNumber(part, highest: 65535) else { return nil }
        return UInt16(number)
    }

    private mutating func portNumber(_ part: ArraySlice<UInt8>, highest: UInt64) -> UInt64? {
        let text = Self.string(part)
        guard !part.isEmpty else {
            report(.missingPort, part.startIndex..<part.startIndex, "no port follows the colon")
            return nil
        }
        guard part.allSatisfy(Self.isDigit) else {
            report(.badPort, part.indices, "`\(text)` is not a port", help: "write a number from 0 to \(highest)")
            return nil
        }
        guard let number = Self.number(part, highest: highest) else {
            report(.portOutOfRange, part.indices, "port \(text) is out of range", help: "ports go from 0 to \(highest)")
            return nil
        }
        return number
    }

    private mutating func reportMissingPort(_ part: ArraySlice<UInt8>, prefix: String) {
        let text = Self.string(part)
        let end = part.endIndex..<part.endIndex
        if part.allSatisfy(Self.isDigit), Self.number(part, highest: 65535) != nil {
            let help = "write \(prefix)127.0.0.1:\(text) for this host alone, or \(prefix)*:\(text) for everybody"
            report(.missingPort, part.indices, "`\(text)` is a port without a host", help: help)
        } else {
            report(.missingPort, end, "no port follows `\(text)`", help: "write \(prefix)\(text):PORT")
        }
    }

    private mutating func reportUnbracketed(
        _ part: ArraySlice<UInt8>, host: ArraySlice<UInt8>, port: ArraySlice<UInt8>, prefix: String
    ) {
        let portText = Self.string(port)
        if IPv6Address(parsing: host) != nil, Self.number(port, highest: 65535) != nil {
            report(
                .unbracketedIPv6, part.indices, "an IPv6 address before a port needs brackets",
                help: "write \(prefix)[\(Self.string(host))]:\(portText)")
        } else if IPv6Address(parsing: part) != nil {
            report(
                .unbracketedIPv6, part.indices, "an IPv6 address needs brackets, and a port must follow",
                help: "write \(prefix)[\(Self.string(part))]:PORT")
        } else {
            report(
                .badHost, part.indices, "`\(Self.string(part))` has more than one colon",
                help: "write \(prefix)HOST:PORT, and an IPv6 address in brackets")
        }
    }

    // MARK: vsock

    mutating func contextAndPort(_ part: ArraySlice<UInt8>) -> EndpointLocation? {
        guard let colon = part.firstIndex(of: UInt8(ascii: ":")) else {
            reportMissingPort(part, prefix: "vsock://")
            return nil
        }
        let context = context(part[..<colon])
        // VMADDR_PORT_ANY is the highest number; this grammar has 0 for it, as for IP.
        let port = portNumber(part[(colon + 1)...], highest: UInt64(UInt32.max - 1))
        guard let context, let port else { return nil }
        return .vsock(cid: context, port: UInt32(port))
    }

    private mutating func context(_ part: ArraySlice<UInt8>) -> UInt32? {
        switch Self.string(part) {
        case "*", "any": return EndpointLocation.anyContext
        case "local": return EndpointLocation.localContext
        case "host": return EndpointLocation.hostContext
        case let text:
            if let number = Self.number(part, highest: UInt64(UInt32.max)) { return UInt32(number) }
            report(
                .badContext, part.indices, "`\(text)` is not a vsock context",
                help: "write a number below 4294967296, `any`, `local` (this machine) or `host`")
            return nil
        }
    }
}
