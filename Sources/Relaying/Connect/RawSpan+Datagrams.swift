// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// Calls `body` with each datagram of those that came joined.
    ///
    /// - Parameter segment: the length of each but the last; 0 if it is one, which may be empty.
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
