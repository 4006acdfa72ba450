// SPDX-License-Identifier: Apache-2.0

/// A further field of a ``DaemonRecord``.
public struct RecordField: Sendable {
    /// The value of a field.
    public enum Value: Sendable {
        /// Text from any source; it is escaped.
        case text(String)

        /// A number.
        case integer(UInt64)

        /// Nanoseconds since 1970-01-01T00:00:00Z, shown like the field `time`.
        case time(UInt64)
    }

    /// The name in lower case, words joined by `_`. A literal, since it is not escaped for JSON and the journal.
    public var name: StaticString

    /// The value.
    public var value: Value

    /// Makes a field.
    public init(_ name: StaticString, _ value: Value) {
        self.name = name
        self.value = value
    }
}
