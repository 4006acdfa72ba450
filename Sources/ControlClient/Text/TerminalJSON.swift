// SPDX-License-Identifier: Apache-2.0

import Configuration

/// Makes JSON safe for a terminal, with the same value. Pure.
package enum TerminalJSON {
    /// JSON in which everything is escaped that could control a terminal or change the direction of text.
    ///
    /// Only strings have such characters, so each can be written as `\uXXXX` (RFC 8259 section 7).
    package static func safe(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        // Control characters of ASCII are escaped in any JSON.
        guard json.contains(where: { $0 >= 0x80 }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            let isHarmless = scalar.isASCII || TerminalText.safe(String(scalar)) == String(scalar)
            if isHarmless { result.unicodeScalars.append(scalar) } else { result += escaped(scalar) }
        }
        return result
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
