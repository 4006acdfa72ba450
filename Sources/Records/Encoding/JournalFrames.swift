// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Writes the frames of one journal entry; ``JournalEncoder`` describes the format.
struct JournalEntryFrame {
    private let start: Int
    private var count: UInt32 = 0

    /// Begins an entry, and reserves space for the number of its fields.
    init(in bytes: inout ByteOutput) {
        start = bytes.count
        bytes.append(word: 0)
    }

    /// Adds a field whose bytes `body` appends.
    @inline(__always)
    mutating func field(in bytes: inout ByteOutput, _ body: (inout ByteOutput) -> Void) {
        let place = bytes.count
        bytes.append(word: 0)
        body(&bytes)
        bytes.store(word: UInt32(bytes.count - place - 4), at: place)
        count += 1
    }

    /// Adds a complete field, `NAME=value`.
    mutating func field(_ whole: [UInt8], in bytes: inout ByteOutput) {
        field(in: &bytes) { $0.append(bytes: whole) }
    }

    /// Adds a field: a literal name with its `=`, and a literal value.
    mutating func field(_ name: StaticString, _ value: StaticString, in bytes: inout ByteOutput) {
        field(in: &bytes) {
            $0.append(name)
            $0.append(value)
        }
    }

    /// Adds a field: a literal name with its `=`, and a number.
    mutating func field(_ name: StaticString, _ value: UInt64, in bytes: inout ByteOutput) {
        field(in: &bytes) { $0.append(name, decimal: value) }
    }

    /// Writes the number of fields into the reserved space.
    func finish(in bytes: inout ByteOutput) {
        bytes.store(word: count, at: start)
    }
}

/// Reads encoded journal entries. Traps on bytes that ``JournalEncoder`` did not write.
struct JournalFrames {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the next entry: the ranges of its fields in the bytes.
    ///
    /// - Returns: false at the end.
    mutating func next(fields: inout [Range<Int>]) -> Bool {
        fields.removeAll(keepingCapacity: true)
        guard position < bytes.count else { return false }
        for _ in 0..<readWord() {
            let length = Int(readWord())
            fields.append(position..<position + length)
            position += length
        }
        precondition(position <= bytes.count, "a journal frame ends inside its buffer")
        return true
    }

    private mutating func readWord() -> UInt32 {
        var word: UInt32 = 0
        for index in 0..<4 { word |= UInt32(bytes[position + index]) << UInt32(8 * index) }
        position += 4
        return word
    }
}

extension ByteOutput {
    fileprivate mutating func append(word: UInt32) {
        for shift: UInt32 in [0, 8, 16, 24] { append(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    fileprivate mutating func store(word: UInt32, at place: Int) {
        for index in 0..<4 { self[place + index] = UInt8(truncatingIfNeeded: word >> UInt32(8 * index)) }
    }
}
