// SPDX-License-Identifier: Apache-2.0

/// The datagrams that came joined, each copied: for the few that are not sent on as they came.
struct DatagramParts: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private let segment: Int
    private var offset = 0
    private var isOver = false

    /// - Parameter segment: the length of each but the last; 0 if it is one, which may be empty.
    init(_ bytes: RawSpan, segment: Int) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.byteCount)
        // unsafe: the bytes are copied while the span is borrowed.
        unsafe bytes.withUnsafeBytes { unsafe copy.append(contentsOf: $0) }
        self.bytes = copy
        self.segment = segment
    }

    mutating func next() -> [UInt8]? {
        guard !isOver else { return nil }
        let end = segment == 0 ? bytes.count : Swift.min(offset + segment, bytes.count)
        defer {
            offset = end
            isOver = end == bytes.count
        }
        return Array(bytes[offset..<end])
    }
}
