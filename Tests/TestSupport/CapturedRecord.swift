// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A record as it went to the log.
public struct CapturedRecord {
    private let fields: [String: Any]

    /// Reads a line of the log in JSON.
    public init?(json line: Substring) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
            let fields = object as? [String: Any]
        else { return nil }
        self.fields = fields
    }

    /// A field of text.
    public subscript(name: String) -> String? { fields[name] as? String }

    /// A field that is a number.
    public func number(_ name: String) -> Int? { fields[name] as? Int }

    /// `event`.
    public var event: String { self["event"] ?? "" }

    /// `reason` and `by` of a close: `finished by service`.
    public var end: String { "\(self["reason"] ?? "nothing") by \(self["by"] ?? "nobody")" }
}
