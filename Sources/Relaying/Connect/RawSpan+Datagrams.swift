// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// Calls `body` with each datagram of a batch that the kernel joined (UDP_GRO).
    ///
    /// - Parameter segment: the length of each datagram except the last; 0 for a single one, which may be empty.
    package func forEachDatagram(segment: Int, _ body: (RawSpan) -> Void) {
        guard segment > 0 else { return body(self) }
        var offset = 0
        while offset < byteCount {
            let end = Swift.min(offset + segment, byteCount)
            body(extracting(offset..<end))
            offset = end
        }
    }
}
