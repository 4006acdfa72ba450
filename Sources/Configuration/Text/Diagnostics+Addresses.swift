// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

/// Parses and checks addresses, in any table.
extension Diagnostics {
    /// Parses the address in a string; nil after reporting what is wrong with it.
    mutating func address(_ value: TOMLValue, of key: String, example: String) -> WrittenAddress? {
        guard case .string(let text) = value.content else {
            reportType(value, of: key, wanted: "an address in quotes", example: "\"\(example)\"")
            return nil
        }
        if let list = Self.list(in: text) {
            report(
                "`\(key)` has \(list.count) addresses in one string", at: value.range,
                help: "write an array: \(key) = [\(list.map { "\"\($0)\"" }.joined(separator: ", "))]")
            return nil
        }
        do throws(EndpointSyntaxError) {
            return WrittenAddress(endpoint: try Endpoint(parsing: text), text: text, span: file.span(value.range))
        } catch {
            for mistake in error.mistakes {
                let range = file.range(of: mistake.range, in: text, at: value.range)
                report(mistake.message, at: range, help: mistake.help)
            }
            return nil
        }
    }

    /// The addresses of a text that has several, separated by commas, semicolons or spaces; nil if it is no such list.
    ///
    /// Addresses after the first may lack the scheme, as in `tcp://a:80,b:80`.
    private static func list(in text: String) -> [String]? {
        let parts = text.split(whereSeparator: { ",; \t\n".contains($0) }).map(String.init)
        guard (2...32).contains(parts.count) else { return nil }
        let scheme = parts[0].prefix { $0 != ":" }
        // A path may contain a comma, so the scheme is not added to the part after it.
        let isPath = scheme.hasPrefix("unix") || scheme == "systemd"
        let list = parts.map { part in
            isPath || (try? Endpoint(parsing: part)) != nil ? part : "\(scheme)://\(part)"
        }
        return list.allSatisfy({ (try? Endpoint(parsing: $0)) != nil }) ? list : nil
    }

    /// Reports a link-local address without an interface.
    mutating func reportMissingScope(at span: SourceSpan, example: String) {
        report(
            "a link-local address means nothing without its interface", at: span, help: "write for example \(example)")
    }

    /// Reports the name of an interface that does not exist.
    mutating func reportInterface(_ name: String, at span: SourceSpan) {
        report("this host has no interface `\(name)`", at: span, help: "`ip link` shows the interfaces")
    }
}
