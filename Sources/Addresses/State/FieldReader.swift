// SPDX-License-Identifier: Apache-2.0

/// Why state of another process can't be read.
package enum FieldMistake: Error, Equatable {
    /// It ends within a field.
    case truncated
    /// A field that has to be there is not.
    case missing(UInt8)
    /// A field has a value that means nothing.
    case invalid(UInt8)
}

/// Reads what a ``FieldWriter`` wrote. Nothing of it is trusted: each length and each number is checked.
package struct FieldReader {
    private var fields: [UInt8: ArraySlice<UInt8>] = [:]

    /// Takes the fields apart. Of a field that is there twice, the last one counts.
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

    /// The bytes of a field; nil if it is not there.
    package func bytesIfPresent(_ field: UInt8) -> [UInt8]? { fields[field].map(Array.init) }

    /// The bytes of a field.
    package func bytes(_ field: UInt8) throws(FieldMistake) -> [UInt8] {
        guard let bytes = bytesIfPresent(field) else { throw .missing(field) }
        return bytes
    }

    /// A number; nil if it is not there.
    package func numberIfPresent(_ field: UInt8) throws(FieldMistake) -> UInt64? {
        guard let bytes = fields[field] else { return nil }
        guard bytes.count == 8 else { throw .invalid(field) }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A number of a type that may be too small for it.
    package func number<Number: FixedWidthInteger>(
        _ field: UInt8, as type: Number.Type = Number.self
    ) throws(FieldMistake) -> Number {
        guard let number = try numberIfPresent(field) else { throw .missing(field) }
        guard let exact = Number(exactly: number) else { throw .invalid(field) }
        return exact
    }

    /// A text.
    package func text(_ field: UInt8) throws(FieldMistake) -> String {
        guard let text = String(validating: try bytes(field), as: UTF8.self) else { throw .invalid(field) }
        return text
    }

    /// The fields within a field; nil if it is not there.
    package func fieldsIfPresent(_ field: UInt8) throws(FieldMistake) -> FieldReader? {
        guard let bytes = fields[field] else { return nil }
        return try FieldReader(bytes)
    }

    /// The fields within a field.
    package func fields(_ field: UInt8) throws(FieldMistake) -> FieldReader {
        guard let reader = try fieldsIfPresent(field) else { throw .missing(field) }
        return reader
    }
}
