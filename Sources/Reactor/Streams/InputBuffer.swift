// SPDX-License-Identifier: Apache-2.0

import Glibc
package import LinuxSystem

/// The one buffer of a lane into which every read goes. What is in it is valid until the next read.
///
/// Concurrency: belongs to one lane.
///
/// Safety: the memory is made in init, freed in deinit, and seen from outside only as a span within a call.
@safe public struct InputBuffer: ~Copyable {
    /// How much of a stream is read at once. Measured with streams of 64 KiB writes: 256 KiB costs a tenth less than
    /// 64 KiB, more gains nothing.
    public static let streamLength = 256 << 10

    /// The longest message that a socket with message bounds can bring: more than twice `net.core.wmem_max` of a kernel as it
    /// comes, which is what a peer without privileges can send. Pages that no message reaches take no memory.
    static let messageLength = 1 << 20

    private let memory: UnsafeMutableRawBufferPointer

    init() {
        // The kernel's own zeroes: a page is there only once a read has reached it (malloc(3), mmap(2)).
        guard let zeroes = unsafe calloc(1, Self.messageLength) else { preconditionFailure("out of memory") }
        // unsafe: so much was allocated, and every byte that a span may show has a value.
        unsafe memory = UnsafeMutableRawBufferPointer(start: zeroes, count: Self.messageLength)
    }

    // unsafe: see above.
    deinit { unsafe free(memory.baseAddress) }

    /// Room for a read of a stream.
    private var stream: UnsafeMutableRawBufferPointer { unsafe .init(rebasing: memory[..<Self.streamLength]) }

    /// Has a filter put what it reads into the buffer.
    func fill(
        atMost length: Int, _ body: (inout MutableRawSpan) throws(SystemError) -> Transfer
    ) throws(SystemError) -> Transfer {
        // unsafe: the span cannot leave the call; the memory is this object's, and no longer than said.
        var span = unsafe MutableRawSpan(
            _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length, memory.count)]))
        return try body(&span)
    }

    /// Reads what a stream has, at most so much: recv(2).
    @inline(__always)
    func receive(from raw: CInt, atMost length: Int) throws(SystemError) -> Transfer {
        // unsafe: the memory is this object's, and no longer than said.
        try unsafe Transfer.receive(
            raw, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length, memory.count)]))
    }

    /// Reads one message.
    func receiveMessage(from raw: CInt) throws(SystemError) -> Transfer {
        try unsafe Transfer.receiveMessage(raw, into: memory)
    }

    /// Takes bytes out of a pipe: ``Pipe/read(into:)``.
    package func take(from pipe: Pipe) throws(SystemError) -> Int { try unsafe pipe.read(into: stream) }

    /// Reads what a stream has without taking it: MSG_PEEK of recv(2).
    func peek(at raw: CInt, atMost length: Int) throws(SystemError) -> Transfer {
        // unsafe: as above.
        try unsafe Transfer.peek(
            raw, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length, memory.count)]))
    }

    /// Calls `body` with the first `count` bytes: what the last read brought.
    public func withBytes<Result, Failure>(
        _ count: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(count <= Self.messageLength)
        // unsafe: the span cannot leave the call, and `count` is within the memory.
        return try unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: memory[..<count])))
    }
}
