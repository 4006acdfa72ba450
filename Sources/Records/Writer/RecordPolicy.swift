// SPDX-License-Identifier: Apache-2.0

/// The log's settings that a lane needs, packed into one word: one atomic load for each record.
struct RecordPolicy: Equatable, Sendable {
    /// The number of the settings, from 0; each reload adds one.
    var generation: UInt32

    /// The encodings that the sinks need.
    var encodings: RecordEncodings

    /// The lowest level that is written.
    var level: RecordLevel

    /// Whether text lines have exact numbers.
    var isExact: Bool

    /// Whether there are subscribers.
    var isFollowed = false

    init(generation: UInt32, encodings: RecordEncodings, level: RecordLevel, isExact: Bool = false) {
        self.isExact = isExact
        self.generation = generation
        self.encodings = encodings
        self.level = level
    }

    /// The packed word.
    var packed: UInt64 {
        let flags: UInt64 = (isFollowed ? 1 << 17 : 0) | (isExact ? 1 << 16 : 0)
        return UInt64(generation) << 32 | flags | UInt64(encodings.rawValue) << 8 | UInt64(level.rawValue)
    }

    /// Unpacks a word of ``packed``.
    init(packed word: UInt64) {
        generation = UInt32(truncatingIfNeeded: word >> 32)
        isFollowed = word & 1 << 17 != 0
        isExact = word & 1 << 16 != 0
        encodings = RecordEncodings(rawValue: UInt8(truncatingIfNeeded: word >> 8))
        level = RecordLevel(rawValue: UInt8(truncatingIfNeeded: word)) ?? .debug
    }

    /// Whether records of a level are written.
    func admits(_ level: RecordLevel) -> Bool { level >= self.level && !encodings.isEmpty }
}
