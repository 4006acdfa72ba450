// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A pipe through which bytes go from one socket to another without being copied: splice(2), pipe(7).
///
/// Concurrency: belongs to one lane.
package final class Pipe {
    private let output: OwnedDescriptor
    private let input: OwnedDescriptor

    /// How many bytes it may hold, and how many are asked of one call.
    package let capacity: Int

    /// How many bytes it holds.
    package private(set) var count = 0

    /// Makes a pipe of the capacity, or of the most that the kernel gives: beyond `fs.pipe-user-pages-soft` that is one
    /// page (pipe(7)).
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

    /// Moves what the socket has into the pipe, which is empty.
    ///
    /// - Returns: how many bytes; 0 if none can be moved, which is not the end, nor does it mean that the socket has none: in
    ///   front of an urgent byte splice(2) returns `EAGAIN`, and 0 once the peer has finished behind it. Only a read says.
    /// - Throws: `EINVAL` too for a single record, as of kernel TLS, that only a read can take.
    package func fill(from raw: CInt, atMost length: Int) throws(SystemError) -> Int {
        let (end, most) = (input.raw, min(capacity, length))
        let moved = try systemCallIfReady("splice") { clinux_splice(raw, end, most) } ?? 0
        count += moved
        return moved
    }

    /// Moves what the pipe holds into the socket.
    ///
    /// - Returns: nil if the socket has no room; 0 if it takes nothing in this way.
    package func drain(to raw: CInt) throws(SystemError) -> Int? {
        let (end, most) = (output.raw, count)
        guard let moved = try systemCallIfReady("splice", { clinux_splice(end, raw, most) }) else { return nil }
        count -= moved
        return moved
    }

    /// Takes bytes out of the pipe, for a socket that takes none from it: read(2).
    ///
    /// - Throws: `EIO` if there are none, though the pipe holds some: they are lost.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let end = output.raw
        let taken = try systemCallIfReady("read") {
            // unsafe: the buffer is the caller's for the length of the call, and no longer than its count.
            unsafe Glibc.read(end, buffer.baseAddress, buffer.count)
        }
        guard let taken, taken > 0 else { throw SystemError("read", errno: EIO) }
        count -= taken
        return taken
    }
}
