// SPDX-License-Identifier: Apache-2.0

/// Writes state for another process as fields.
///
/// A field is one byte with its number, its length in four bytes, and its bytes; numbers have eight bytes. All integers are
/// little-endian. A reader skips unknown fields, so that an older process can take over from a newer one.
package struct FieldWriter {
    /// The bytes written so far.
    package private(set) var bytes: [UInt8] = []

    /// Makes an empty writer.
    package init() {}

    /// Writes bytes.
    package mutating func write(_ field: UInt8, _ value: [UInt8]) {
        bytes.append(field)
        let count = UInt32(clamping: value.count)
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        bytes.append(contentsOf: value.prefix(Int(count)))
    }

    /// Writes a number.
    package mutating func write(_ field: UInt8, _ value: UInt64) {
        write(field, stride(from: UInt64(0), to: 64, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) })
    }

    /// Writes a text as UTF-8.
    package mutating func write(_ field: UInt8, _ value: String) { write(field, Array(value.utf8)) }

    /// Writes nested fields.
    package mutating func write(_ field: UInt8, _ body: (inout FieldWriter) -> Void) {
        var inner = FieldWriter()
        body(&inner)
        write(field, inner.bytes)
    }
}
