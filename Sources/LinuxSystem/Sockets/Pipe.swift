// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A pipe that moves bytes from one socket to another without copying them: splice(2), pipe(7).
///
/// Concurrency: belongs to one lane.
package final class Pipe {
    private let output: OwnedDescriptor
    private let input: OwnedDescriptor

    /// The capacity in bytes, and the most that one call moves.
    package let capacity: Int

    /// How many bytes the pipe holds.
    package private(set) var count = 0

    /// Makes a pipe of this capacity in bytes, or of the largest that the kernel allows.
    ///
    /// Beyond `fs.pipe-user-pages-soft` that is one page (pipe(7)).
    package init(capacity: Int) throws(SystemError) {
        var ends: (CInt, CInt) = (-1, -1)
        _ = try systemCall("pipe2") {
            // unsafe: a local of two numbers.
            unsafe withUnsafeMutablePointer(to: &ends) { pointer in
                unsafe pointer.withMemoryRebound(to: CInt.self, capacity: 2) { unsafe clinux_pipe($0) }
            }
        }
        output = OwnedDescriptor(adopting: ends.0)
        let input = OwnedDescriptor(adopting: ends.1)
        let raw = input.raw
        let granted = try? systemCall("fcntl") { clinux_pipe_resize(raw, CInt(clamping: capacity)) }
        self.capacity = granted.map(Int.init) ?? 4096
        self.input = input
    }

    /// Moves bytes from the socket into the pipe, which must be empty.
    ///
    /// - Returns: how many bytes; 0 if none can be moved. That means neither EOF nor an empty socket: in front of an urgent byte
    ///   splice(2) returns `EAGAIN`, or 0 if the peer has shut down behind it. Only a read can tell.
    /// - Throws: the kernel's error; `EINVAL` also for one record that only a read can take, as kernel TLS has them.
    package func fill(from raw: CInt, atMost length: Int) throws(SystemError) -> Int {
        let (end, most) = (input.raw, min(capacity, length))
        let moved = try systemCallIfReady("splice") { clinux_splice(raw, end, most) } ?? 0
        count += moved
        return moved
    }

    /// Moves the pipe's bytes into the socket.
    ///
    /// - Returns: how many bytes; nil if the socket has no room; 0 if it does not accept splice(2).
    package func drain(to raw: CInt) throws(SystemError) -> Int? {
        let (end, most) = (output.raw, count)
        guard let moved = try systemCallIfReady("splice", { clinux_splice(end, raw, most) }) else { return nil }
        count -= moved
        return moved
    }

    /// Reads bytes from the pipe, for a socket that does not accept splice(2): read(2).
    ///
    /// - Throws: `EIO` if the read returns none although the pipe should hold some: these are lost.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let end = output.raw
        let taken = try systemCallIfReady("read") {
            // unsafe: the buffer is the caller's during the call, and the call writes at most its count.
            unsafe Glibc.read(end, buffer.baseAddress, buffer.count)
        }
        guard let taken, taken > 0 else { throw SystemError("read", errno: EIO) }
        count -= taken
        return taken
    }
}
