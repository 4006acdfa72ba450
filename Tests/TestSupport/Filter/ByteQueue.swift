// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Bytes that come in at the end and leave at the beginning. It moves them in one piece, since a debug build takes long over
/// each byte of an array.
final class ByteQueue {
    private var storage = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16)
    private var capacity = 4096
    private var head = 0
    private var tail = 0

    deinit { storage.deallocate() }

    /// How many bytes there are.
    var count: Int { tail - head }

    var isEmpty: Bool { head == tail }

    /// The bytes, until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage + head, count: count) }

    /// Appends what `body` writes.
    ///
    /// - Parameter body: is given so much room, and returns how much of it was filled.
    func append<Failure: Error>(
        atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(length)
        tail += try body(UnsafeMutableRawBufferPointer(start: storage + tail, count: length))
    }

    /// Appends a copy.
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(storage + tail, start, bytes.count)
        tail += bytes.count
    }

    /// Appends one byte.
    func append(_ byte: UInt8) {
        reserve(1)
        storage.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    /// Takes bytes off the beginning.
    func removeFirst(_ count: Int) {
        head += count
        if head == tail { (head, tail) = (0, 0) }
    }

    func removeAll() { removeFirst(count) }

    /// Flips bits of the last bytes: all with the same mask.
    func flip(last count: Int, _ mask: UInt8) {
        let wide = UInt64(mask) &* 0x0101_0101_0101_0101
        var offset = tail - count
        while offset + 8 <= tail {
            let word = storage.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            storage.storeBytes(of: word ^ wide, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < tail {
            let byte = storage.load(fromByteOffset: offset, as: UInt8.self)
            storage.storeBytes(of: byte ^ mask, toByteOffset: offset, as: UInt8.self)
            offset += 1
        }
    }

    private func reserve(_ length: Int) {
        guard tail + length > capacity else { return }
        let count = count
        let needed = max(2 * capacity, count + length)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: needed, alignment: 16)
        memcpy(larger, storage + head, count)
        storage.deallocate()
        (storage, capacity, head, tail) = (larger, needed, 0, count)
    }
}
