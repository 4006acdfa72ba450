// SPDX-License-Identifier: Apache-2.0

/// The lines of a room that were not sent to all members yet. Each member knows its own position.
///
/// Positions are counted from the beginning of the room and are never reused.
struct RoomLog {
    private var bytes: [UInt8] = []

    /// The position of the first byte that is held.
    private(set) var start = 0

    /// The position behind the last byte.
    var end: Int { start + bytes.count }

    /// How many bytes are held.
    var count: Int { bytes.count }

    /// Whether all members were sent everything.
    var isEmpty: Bool { bytes.isEmpty }

    /// Appends bytes.
    mutating func append(_ span: Span<UInt8>) { bytes.append(contentsOf: span) }

    /// Calls `body` with the bytes from a position on.
    func withBytes(from place: Int, _ body: (Span<UInt8>) -> Void) {
        body(bytes.span.extracting(droppingFirst: min(max(place - start, 0), bytes.count)))
    }

    /// Removes the bytes before a position. The memory is kept, unless a burst has made it large.
    mutating func drop(before place: Int) {
        let count = min(max(place - start, 0), bytes.count)
        start += count
        if count == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 64 << 10)
        } else {
            bytes.removeSubrange(..<count)
        }
    }
}
