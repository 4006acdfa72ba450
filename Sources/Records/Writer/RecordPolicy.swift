// SPDX-License-Identifier: Apache-2.0

/// What a lane needs to know of the log's settings, in one word, so that it is read with one atomic load a record.
struct RecordPolicy: Equatable, Sendable {
    /// Counts the settings that were in force, from 0.
    var generation: UInt32

    /// The encodings that some sink wants.
    var encodings: RecordEncodings

    /// The least level that is written.
    var level: RecordLevel

    /// Whether lines of text have exact numbers.
    var isExact: Bool

    init(generation: UInt32, encodings: RecordEncodings, level: RecordLevel, isExact: Bool = false) {
        self.isExact = isExact
        self.generation = generation
        self.encodings = encodings
        self.level = level
    }

    /// The word.
    var packed: UInt64 {
        UInt64(generation) << 32 | (isExact ? 1 << 16 : 0) | UInt64(encodings.rawValue) << 8 | UInt64(level.rawValue)
    }

    /// Reads a word that ``packed`` made.
    init(packed word: UInt64) {
        generation = UInt32(truncatingIfNeeded: word >> 32)
        isExact = word & 1 << 16 != 0
        encodings = RecordEncodings(rawValue: UInt8(truncatingIfNeeded: word >> 8))
        level = RecordLevel(rawValue: UInt8(truncatingIfNeeded: word)) ?? .debug
    }

    /// Whether records of a level are written at all.
    func admits(_ level: RecordLevel) -> Bool { level >= self.level && !encodings.isEmpty }
}
