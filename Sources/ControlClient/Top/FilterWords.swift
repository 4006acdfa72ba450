// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
package import ControlProtocol

/// A filter as a person types it: the words of the options, `listener=front peer=10.0.0.0/8`. Pure.
package enum FilterWords {
    /// What is wrong with a filter, in words.
    package struct Mistake: Error, Hashable, Sendable {
        package let message: String
    }

    /// The words that there are.
    static let names = ["listener", "peer", "service", "upstream", "older", "idle"]

    /// Reads a filter; an empty text is that of every connection.
    package static func parse(_ text: String) throws(Mistake) -> ConnectionFilter {
        var filter = ConnectionFilter()
        for word in text.split(separator: " ") {
            guard let equals = word.firstIndex(of: "="), word.index(after: equals) != word.endIndex else {
                throw Mistake(message: "\(word) is not NAME=VALUE")
            }
            try set(String(word[..<equals]), to: String(word[word.index(after: equals)...]), in: &filter)
        }
        return filter
    }

    private static func set(_ name: String, to value: String, in filter: inout ConnectionFilter) throws(Mistake) {
        switch name {
        case "listener": filter.listener = value
        case "service": filter.service = value
        case "upstream": filter.upstream = upstream(value)
        case "older": filter.olderMicroseconds = try duration(value)
        case "idle": filter.idleMicroseconds = try duration(value)
        case "peer":
            do throws(IPNetworkMistake) {
                filter.peer = try IPNetwork(parsing: value).description
            } catch {
                throw Mistake(message: "\(error.message)")
            }
        default: throw Mistake(message: "\(name) is none of \(names.joined(separator: ", "))")
        }
    }

    private static func duration(_ text: String) throws(Mistake) -> UInt64 {
        do throws(DurationText.Mistake) {
            return try DurationText.parse(text).wholeMicroseconds
        } catch {
            throw Mistake(message: "\(error.message)")
        }
    }

    /// Completes an address without a scheme, as the table shows it.
    package static func upstream(_ text: String) -> String {
        text.contains("://") ? text : text.hasPrefix("/") || text.hasPrefix("@") ? "unix://\(text)" : "tcp://\(text)"
    }

    /// A filter in words.
    static func text(of filter: ConnectionFilter) -> String {
        var words: [String] = []
        func add(_ name: String, _ value: String?) {
            if let value { words.append("\(name)=\(value)") }
        }
        add("listener", filter.listener)
        add("peer", filter.peer)
        add("service", filter.service)
        add("upstream", filter.upstream)
        add("older", filter.olderMicroseconds.map(duration))
        add("idle", filter.idleMicroseconds.map(duration))
        return words.joined(separator: " ")
    }

    private static func duration(_ microseconds: UInt64) -> String {
        DurationText.format(.microseconds(Int64(clamping: microseconds)))
    }
}

extension Duration {
    /// The whole microseconds; the most that fit.
    package var wholeMicroseconds: UInt64 {
        let (product, overflow) = UInt64(clamping: components.seconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, isTooMuch) = product.addingReportingOverflow(
            UInt64(clamping: components.attoseconds / 1_000_000_000_000))
        return overflow || isTooMuch ? .max : sum
    }
}
