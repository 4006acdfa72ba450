// SPDX-License-Identifier: Apache-2.0

/// A value of a document and its range.
public struct TOMLValue: Sendable {
    /// The content of a value.
    public enum Content: Sendable {
        /// Text.
        case string(String)
        /// A whole number.
        case integer(Int64)
        /// A number with a fraction or an exponent, an infinity or not a number.
        case float(Double)
        /// `true` or `false`.
        case boolean(Bool)
        /// A date and time with an offset from UTC.
        indirect case offsetDateTime(OffsetDateTime)
        /// A date and time without an offset.
        indirect case localDateTime(LocalDateTime)
        /// A date alone.
        indirect case localDate(LocalDate)
        /// A time of day alone.
        indirect case localTime(LocalTime)
        /// Values in brackets, or the tables under `[[name]]`.
        case array([TOMLValue])
        /// A table, by header, by dotted keys or in braces.
        case table(TOMLTable)
        /// An invalid value. Its problem is in the document's `problems`, and the key does not count as missing.
        case invalid
    }

    /// The content.
    public var content: Content
    /// The range. A table or array of tables without brackets of its own has that of its header or key.
    public var range: SourceRange

    /// Makes a value with the range `range`.
    public init(content: Content, range: SourceRange) {
        self.content = content
        self.range = range
    }

    /// The kind of the value with its article, for messages: "a string", "an integer".
    public var typeName: String {
        switch content {
        case .string: "a string"
        case .integer: "an integer"
        case .float: "a float"
        case .boolean: "a boolean"
        case .offsetDateTime: "a date and time"
        case .localDateTime: "a local date and time"
        case .localDate: "a date"
        case .localTime: "a time of day"
        case .array: "an array"
        case .table: "a table"
        case .invalid: "an unreadable value"
        }
    }
}
