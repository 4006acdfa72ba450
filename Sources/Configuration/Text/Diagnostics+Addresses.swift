// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

/// What is wrong with addresses, wherever they stand.
extension Diagnostics {
    /// The address that a string holds; nil after reporting what is wrong with it.
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

    /// The addresses of a text that has several, with commas, semicolons or spaces between them; nil if it is not such a
    /// list. Those behind the first may lack the scheme, as in `tcp://a:80,b:80`.
    private static func list(in text: String) -> [String]? {
        let parts = text.split(whereSeparator: { ",; \t\n".contains($0) }).map(String.init)
        guard (2...32).contains(parts.count) else { return nil }
        let scheme = parts[0].prefix { $0 != ":" }
        // A path may have a comma in it, and so may what follows the comma begin with a slash.
        let isPath = scheme.hasPrefix("unix") || scheme == "systemd"
        let list = parts.map { part in
            isPath || (try? Endpoint(parsing: part)) != nil ? part : "\(scheme)://\(part)"
        }
        return list.allSatisfy({ (try? Endpoint(parsing: $0)) != nil }) ? list : nil
    }

    /// Reports a link-local address that does not say on which link.
    mutating func reportMissingScope(at span: SourceSpan, example: String) {
        report(
            "a link-local address means nothing without its interface", at: span, help: "write for example \(example)")
    }

    /// Reports the name of an interface that there is not.
    mutating func reportInterface(_ name: String, at span: SourceSpan) {
        report("this host has no interface `\(name)`", at: span, help: "`ip link` shows the interfaces")
    }
}
