// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

extension SettingType where Value == EndpointHost {
    /// An IP address without a port: `10.0.0.2`, `[2001:db8::1]`, `[fe80::1%eth0]`.
    static let sourceAddress = Self { key, value, diagnostics in
        guard case .string(let text) = value.content else {
            diagnostics.reportType(value, of: key, wanted: "an IP address in quotes", example: "\"10.0.0.2\"")
            return nil
        }
        guard let host = host(text) else {
            diagnostics.report("`\(text)` is not an IP address", at: value.range, help: help(for: text, key))
            return nil
        }
        switch host {
        case .ipv4(.any), .ipv6(.any, _):
            diagnostics.report(
                "`\(text)` is every address, and a connection comes from one", at: value.range,
                help: "write one of the addresses of this host, or leave out `\(key)`")
            return nil
        case .ipv6(let ip, let scope):
            if let mapped = ip.mappedIPv4 {
                var bytes: [UInt8] = []
                mapped.append(to: &bytes)
                diagnostics.report(
                    "an IPv4-mapped IPv6 address is not supported", at: value.range,
                    help: "write \(key) = \"\(String(decoding: bytes, as: UTF8.self))\"")
                return nil
            }
            guard !ip.isLinkLocal || scope != nil else {
                var bytes: [UInt8] = []
                ip.append(to: &bytes)
                diagnostics.reportMissingScope(
                    at: diagnostics.file.span(value.range),
                    example: "\(key) = \"[\(String(decoding: bytes, as: UTF8.self))%eth0]\"")
                return nil
            }
        case .ipv4, .any, .name:
            break
        }
        return host
    }

    /// Parses the text by the address grammar, which requires a port after it.
    private static func host(_ text: String) -> EndpointHost? {
        guard let endpoint = try? Endpoint(parsing: "tcp://\(text):0"), case .host(let host, _) = endpoint.location
        else { return nil }
        switch host {
        case .ipv4, .ipv6: return host
        case .any, .name: return nil
        }
    }

    private static func help(for text: String, _ key: String) -> String {
        if host("[\(text)]") != nil { return "write \(key) = \"[\(text)]\"" }
        if let colon = text.lastIndex(of: ":"), host(String(text[..<colon])) != nil {
            return "write \(key) = \"\(text[..<colon])\": the kernel chooses a port for each connection"
        }
        do throws(EndpointSyntaxError) {
            _ = try Endpoint(parsing: "tcp://\(text):0")
        } catch {
            // The address parser has the best help: `127.1`, for example, is an IPv4 address in another spelling.
            if let mistake = error.mistakes.first, mistake.kind == .badHost, text.utf8.first.map(Self.isDigit) == true,
                let help = mistake.help
            {
                return help
            }
        }
        return "write one of the addresses of this host, such as \(key) = \"10.0.0.2\" or \"[2001:db8::1]\""
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
