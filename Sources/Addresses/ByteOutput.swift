// SPDX-License-Identifier: Apache-2.0

/// A buffer with reserved memory, to which text is appended byte by byte.
///
/// Appending costs a comparison and a copy: no check whether an array is shared or must grow.
///
/// Each function traps if there is less room than it needs, like a write past the end of an array.
package typealias ByteOutput = OutputSpan<UInt8>

extension ByteOutput {
    /// Appends the bytes of a literal.
    @inlinable @inline(__always)
    package mutating func append(_ literal: StaticString) {
        let length = literal.utf8CodeUnitCount
        precondition(freeCapacity >= length, "more bytes than were reserved")
        // unsafe: there is room for `length` bytes, which the literal has at its address; no literal here is a lone scalar.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe (buffer.baseAddress.unsafelyUnwrapped + count).update(from: literal.utf8Start, count: length)
            count &+= length
        }
    }

    /// Appends the bytes of an array.
    @inlinable @inline(__always)
    package mutating func append(bytes: [UInt8]) {
        precondition(freeCapacity >= bytes.count, "more bytes than were reserved")
        // unsafe: there is room for as many bytes as the array has, whose pointer lives for the call.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            let rest = unsafe buffer.baseAddress.unsafelyUnwrapped + count
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let start = source.baseAddress else { return }
                unsafe rest.update(from: start, count: source.count)
            }
            count &+= bytes.count
        }
    }

    /// Appends the UTF-8 of a string.
    @inlinable
    package mutating func append(text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// Appends a number in decimal digits.
    @usableFromInline
    package mutating func append(decimal number: UInt64) {
        guard let small = UInt32(exactly: number) else {
            append(decimal: number / 1_000_000_000)
            append(decimal: UInt32(truncatingIfNeeded: number % 1_000_000_000), digits: 9)
            return
        }
        switch small {
        case ..<10: append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: small))
        case ..<100: append(decimal: small, digits: 2)
        case ..<1000: append(decimal: small, digits: 3)
        case ..<10_000: append(decimal: small, digits: 4)
        case ..<100_000: append(decimal: small, digits: 5)
        case ..<1_000_000: append(decimal: small, digits: 6)
        case ..<10_000_000: append(decimal: small, digits: 7)
        case ..<100_000_000: append(decimal: small, digits: 8)
        case ..<1_000_000_000: append(decimal: small, digits: 9)
        default: append(decimal: small, digits: 10)
        }
    }

    /// Appends the last `digits` decimal digits of a number, with leading zeros.
    @inlinable @inline(__always)
    package mutating func append(decimal number: UInt32, digits: Int) {
        precondition(freeCapacity >= digits, "more bytes than were reserved")
        // unsafe: there is room for the digits, which are written from the last to the first.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            let start = unsafe buffer.baseAddress.unsafelyUnwrapped + count
            var rest = number
            var place = digits
            while place > 0 {
                place &-= 1
                unsafe start[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            count &+= digits
        }
    }

    /// Appends a copy of bytes that were appended before.
    @inlinable
    package mutating func append(again range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count && freeCapacity >= range.count, "not there yet")
        // unsafe: the range is within the initialized bytes, and there is room for as many bytes after them. In an empty span
        // only an empty range is valid, and update(from:count:) does not access memory then.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            let start = unsafe buffer.baseAddress.unsafelyUnwrapped
            unsafe (start + count).update(from: start + range.lowerBound, count: range.count)
            count &+= range.count
        }
    }

    /// Appends blanks.
    @inlinable
    package mutating func append(blanks number: Int) {
        guard number > 0 else { return }
        precondition(freeCapacity >= number, "more bytes than were reserved")
        // unsafe: there is room for so many bytes.
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            unsafe (buffer.baseAddress.unsafelyUnwrapped + count).update(repeating: UInt8(ascii: " "), count: number)
            count &+= number
        }
    }

    /// Appends a literal and a number.
    @inlinable @inline(__always)
    package mutating func append(_ name: StaticString, decimal number: UInt64) {
        append(name)
        append(decimal: number)
    }
}
