// SPDX-License-Identifier: Apache-2.0

import Glibc
package import LinuxSystem

/// The buffer of a lane into which every read goes. Its content is valid until the next read.
///
/// Concurrency: belongs to one lane.
///
/// Safety: the memory is made in init, freed in deinit, and seen from outside only as a span within a call.
@safe public struct InputBuffer: ~Copyable {
    /// The most bytes of one read from a stream. Measured with streams of 64 KiB writes: 256 KiB costs a tenth less than
    /// 64 KiB, more gains nothing.
    public static let streamLength = 256 << 10

    /// The longest message that can be received.
    ///
    /// It is more than twice the default of `net.core.wmem_max`, which is the most that an unprivileged peer can send.
    /// Pages that no message reaches take no memory.
    static let messageLength = 1 << 20

    private let memory: UnsafeMutableRawBufferPointer

    init() {
        // calloc(3) maps zero pages here: a page takes memory only once a read has reached it (mmap(2)).
        guard let zeroes = unsafe calloc(1, Self.messageLength) else { preconditionFailure("out of memory") }
        // unsafe: calloc allocated this many bytes and set all of them to zero.
        unsafe memory = UnsafeMutableRawBufferPointer(start: zeroes, count: Self.messageLength)
    }

    // unsafe: see above.
    deinit { unsafe free(memory.baseAddress) }

    /// The part for reads of a stream.
    private var stream: UnsafeMutableRawBufferPointer { unsafe .init(rebasing: memory[..<Self.streamLength]) }

    /// Calls `body`, which has a filter read into the buffer.
    func fill(
        atMost length: Int, _ body: (inout MutableRawSpan) throws(SystemError) -> Transfer
    ) throws(SystemError) -> Transfer {
        // unsafe: the span cannot leave the call; it is within the memory, which is this object's.
        var span = unsafe MutableRawSpan(
            _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length, memory.count)]))
        return try body(&span)
    }

    /// Reads at most `length` bytes of a stream: recv(2).
    @inline(__always)
    func receive(from raw: CInt, atMost length: Int) throws(SystemError) -> Transfer {
        // unsafe: the pointer is within the memory, which is this object's.
        try unsafe Transfer.receive(
            raw, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length, memory.count)]))
    }

    /// Reads one message.
    func receiveMessage(from raw: CInt) throws(SystemError) -> Transfer {
        try unsafe Transfer.receiveMessage(raw, into: memory)
    }

    /// Reads from a pipe: ``Pipe/read(into:)``.
    package func take(from pipe: Pipe) throws(SystemError) -> Int { try unsafe pipe.read(into: stream) }

    /// Reads from a stream without consuming: MSG_PEEK of recv(2).
    func peek(at raw: CInt, atMost length: Int) throws(SystemError) -> Transfer {
        // unsafe: as above.
        try unsafe Transfer.peek(
            raw, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length, memory.count)]))
    }

    /// Calls `body` with the first `count` bytes of the last read.
    public func withBytes<Result, Failure>(
        _ count: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(count <= Self.messageLength)
        // unsafe: the span cannot leave the call, and `count` is within the memory.
        return try unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: memory[..<count])))
    }
}
