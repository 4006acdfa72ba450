// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into the messages of Varlink, each of which ends with a NUL byte.
///
/// Source: https://varlink.org/Method-Call. Memory is bounded by the limit: a stream that holds more without being taken
/// is an error.
package struct MessageSplitter {
    /// The most bytes that a call may have.
    package static let longestCall = 64 << 10

    /// The most bytes that a reply may have.
    package static let longestReply = 16 << 20

    /// The stream has more bytes than it may, before a message ended or before it was taken.
    package struct TooLong: Error, Equatable {}

    /// How many messages of the greatest length may wait to be taken.
    private static let mostMessages = 4

    private let limit: Int
    private var bytes: [UInt8] = []

    /// The length of the message that has not ended.
    private var length = 0

    private var start = 0
    private var scanned = 0

    /// Makes a splitter of an empty stream.
    ///
    /// - Parameter limit: the most bytes of a message. Four times as many may wait to be taken.
    package init(limit: Int) {
        self.limit = limit
    }

    /// The number of bytes that wait to be taken.
    package var pendingBytes: Int { bytes.count - start }

    /// Appends what was read.
    package mutating func append(_ read: some Sequence<UInt8>) throws(TooLong) {
        if start > 0 {
            bytes.removeFirst(start)
            scanned -= start
            start = 0
        }
        for byte in read {
            length = byte == 0 ? 0 : length + 1
            if length > limit { throw TooLong() }
            bytes.append(byte)
        }
        // One byte more for the NUL of each.
        if bytes.count > Self.mostMessages * (limit + 1) { throw TooLong() }
    }

    /// The next whole message without its NUL; nil until there is one.
    package mutating func next() -> ArraySlice<UInt8>? {
        guard let end = bytes[scanned...].firstIndex(of: 0) else {
            scanned = bytes.count
            return nil
        }
        defer {
            start = end + 1
            scanned = start
        }
        return bytes[start..<end]
    }
}
