// SPDX-License-Identifier: Apache-2.0

import CLinux

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
    package func fill(from raw: CInt) throws(SystemError) -> Transfer {
        let (end, most) = (input.raw, capacity)
        guard let moved = try systemCallIfReady("splice", { clinux_splice(raw, end, most) }) else { return .wouldBlock }
        count += moved
        return moved == 0 ? .endOfStream : .moved(moved)
    }

    /// Moves what the pipe holds into the socket.
    package func drain(to raw: CInt) throws(SystemError) -> Transfer {
        let (end, most) = (output.raw, count)
        guard let moved = try systemCallIfReady("splice", { clinux_splice(end, raw, most) }) else { return .wouldBlock }
        count -= moved
        return .moved(moved)
    }
}
