// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A record as the daemon wrote it in JSON.
struct LogRecord {
    /// The line without its end.
    let line: String

    private let fields: [String: Any]

    /// Reads a line; nil if it is not a JSON object with an event.
    init?(_ line: String) {
        guard line.hasPrefix("{"),
            let fields = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            fields["event"] is String
        else { return nil }
        self.line = line
        self.fields = fields
    }

    /// What happened.
    var event: String { self["event"] ?? "" }

    /// A field of text; nil if it is missing or something else.
    subscript(name: String) -> String? { fields[name] as? String }

    /// A field that is a number; nil if it is missing or something else.
    subscript(number name: String) -> Int? { fields[name] as? Int }

    /// The number of the connection; 0 if it is about none.
    var connection: Int { self[number: "connection"] ?? 0 }
}
