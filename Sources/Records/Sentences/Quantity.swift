// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Formats numbers and errors for sentences.
package enum Quantity {
    /// A number with its noun: `1 connection`, `1 283 connections`.
    package static func text(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// Decimal digits in groups of three, separated by spaces.
    package static func grouped(_ number: some BinaryInteger) -> String {
        var result = number < 0 ? "-" : ""
        let digits = String(number.magnitude)
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result += " " }
            result.append(digit)
        }
        return result
    }

    /// Nanoseconds in seconds, with one decimal place: `12.3 s`.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

extension SystemError {
    /// The error text and the symbol, without the operation: `Too many open files (EMFILE)`.
    var words: String { "\(reason) (\(symbol))" }
}
