// SPDX-License-Identifier: Apache-2.0

/// Why the state of another process cannot be read.
package enum FieldMistake: Error, Equatable {
    /// The data end within a field.
    case truncated
    /// A required field is missing.
    case missing(UInt8)
    /// A field has an invalid value.
    case invalid(UInt8)
}

/// Reads the fields of a ``FieldWriter``. The data are untrusted: each length and each number is checked.
package struct FieldReader {
    private var fields: [UInt8: ArraySlice<UInt8>] = [:]

    /// Splits the data into fields. Of a repeated field the last one counts.
    package init(_ bytes: some Collection<UInt8>) throws(FieldMistake) {
        var rest = Array(bytes)[...]
        while let field = rest.popFirst() {
            guard rest.count >= 4 else { throw .truncated }
            let length = rest.prefix(4).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            rest.removeFirst(4)
            guard length <= UInt64(rest.count) else { throw .truncated }
            fields[field] = rest.prefix(Int(length))
            rest.removeFirst(Int(length))
        }
    }

    /// The bytes of a field; nil if it is missing.
    package func bytesIfPresent(_ field: UInt8) -> [UInt8]? { fields[field].map(Array.init) }

    /// The bytes of a field.
    package func bytes(_ field: UInt8) throws(FieldMistake) -> [UInt8] {
        guard let bytes = bytesIfPresent(field) else { throw .missing(field) }
        return bytes
    }

    /// The number in a field; nil if it is missing.
    package func numberIfPresent(_ field: UInt8) throws(FieldMistake) -> UInt64? {
        guard let bytes = fields[field] else { return nil }
        guard bytes.count == 8 else { throw .invalid(field) }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The number in a field; throws if it does not fit the type.
    package func number<Number: FixedWidthInteger>(
        _ field: UInt8, as type: Number.Type = Number.self
    ) throws(FieldMistake) -> Number {
        guard let number = try numberIfPresent(field) else { throw .missing(field) }
        guard let exact = Number(exactly: number) else { throw .invalid(field) }
        return exact
    }

    /// The text in a field.
    package func text(_ field: UInt8) throws(FieldMistake) -> String {
        guard let text = String(validating: try bytes(field), as: UTF8.self) else { throw .invalid(field) }
        return text
    }

    /// The nested fields of a field; nil if it is missing.
    package func fieldsIfPresent(_ field: UInt8) throws(FieldMistake) -> FieldReader? {
        guard let bytes = fields[field] else { return nil }
        return try FieldReader(bytes)
    }

    /// The nested fields of a field.
    package func fields(_ field: UInt8) throws(FieldMistake) -> FieldReader {
        guard let reader = try fieldsIfPresent(field) else { throw .missing(field) }
        return reader
    }
}
