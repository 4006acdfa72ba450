// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import TOML

/// What is wrong with addresses, wherever they stand.
extension Diagnostics {
    /// The address that a string holds; nil after reporting what is wrong with it.
    mutating func address(_ value: TOMLValue, of key: String, example: String) -> WrittenAddress? {
        guard case .string(let text) = value.content else {
            reportType(value, of: key, wanted: "an address in quotes", example: "\"\(example)\"")
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
