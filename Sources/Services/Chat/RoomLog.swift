// SPDX-License-Identifier: Apache-2.0

/// What was said in a room and not everybody has been sent yet. Each member knows up to where it has been.
///
/// Places in it are counted from the beginning of the room, and never come again.
struct RoomLog {
    private var bytes: [UInt8] = []

    /// The place of the first byte that is held.
    private(set) var start = 0

    /// The place behind the last byte.
    var end: Int { start + bytes.count }

    /// How many bytes are held.
    var count: Int { bytes.count }

    /// Whether everybody has been sent everything.
    var isEmpty: Bool { bytes.isEmpty }

    /// Puts bytes behind the others.
    mutating func append(_ span: Span<UInt8>) { bytes.append(contentsOf: span) }

    /// Calls `body` with what stands from a place on.
    func withBytes(from place: Int, _ body: (Span<UInt8>) -> Void) {
        body(bytes.span.extracting(droppingFirst: min(max(place - start, 0), bytes.count)))
    }

    /// Forgets what stands before a place. The memory is kept, unless a burst has made it large.
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
