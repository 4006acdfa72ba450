// SPDX-License-Identifier: Apache-2.0

/// The encodings of a record. Sinks with the same encoding share the bytes.
enum RecordEncoding: UInt8, CaseIterable, Sendable {
    /// ``TextEncoder`` with colour and the time of day, for a terminal.
    case terminal

    /// ``TextEncoder`` without colour, with the full date.
    case text

    /// ``JSONLineEncoder``.
    case json

    /// ``JournalEncoder``.
    case journal

    /// ``FeedEncoder``, for subscribers. Records that have it have no other encoding.
    case feed
}

/// A set of encodings.
struct RecordEncodings: OptionSet, Sendable {
    let rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ encoding: RecordEncoding) { rawValue = 1 << encoding.rawValue }
}
