// SPDX-License-Identifier: Apache-2.0

/// A field of a ``DaemonRecord`` beyond those that it has by itself.
public struct RecordField: Sendable {
    /// What a field may hold.
    public enum Value: Sendable {
        /// Text, from wherever.
        case text(String)

        /// A number.
        case integer(UInt64)

        /// Nanoseconds since 1970-01-01T00:00:00Z, shown like the field `time`.
        case time(UInt64)
    }

    /// The name in lower case, words joined by `_`. A literal, since it goes into JSON and the journal as it is.
    public var name: StaticString

    /// The value.
    public var value: Value

    /// Makes a field.
    public init(_ name: StaticString, _ value: Value) {
        self.name = name
        self.value = value
    }
}
