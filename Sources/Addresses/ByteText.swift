// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends a number in decimal digits, without making a String.
    public mutating func append(decimal number: UInt64) {
        append(addingCapacity: 20) { $0.append(decimal: number) }
    }

    /// Appends the bytes of a literal, without making a String.
    public mutating func append(_ literal: StaticString) {
        // unsafe: a StaticString with a pointer representation points at bytes that live as long as the program; one that
        // holds a single scalar instead has none and is appended as that scalar.
        if literal.hasPointerRepresentation {
            unsafe append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
        } else {
            append(contentsOf: String(literal.unicodeScalar).utf8)
        }
    }
}
