// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

/// The pool of a lane's empty pipes, for relays that use splice(2).
///
/// A relay borrows a pipe and returns it as soon as it is empty.
///
/// Concurrency: belongs to one lane.
package final class PipePool {
    /// The capacity requested for each pipe, in bytes: F_SETPIPE_SZ of fcntl(2).
    private static let capacity = 1 << 20

    /// The most pipes that the lane has, borrowed and idle.
    ///
    /// Two lanes with this many pipes of 1 MiB reach the default `fs.pipe-user-pages-soft` (64 MiB, pipe(7)); each pipe
    /// also takes two descriptors from the connections. All idle pipes are kept: with eight kept, sixteen connections that
    /// were sent 256 KiB at a time cost 4 % more, because pipes were closed and created again.
    private static let maxPipes = 32

    private var pipes: [Pipe] = []
    private var count = 0

    init() {}

    /// Borrows an empty pipe; nil at the limit, or if the kernel refuses one.
    package func take() -> Pipe? {
        if let pipe = pipes.popLast() { return pipe }
        guard count < Self.maxPipes, let pipe = try? Pipe(capacity: Self.capacity) else { return nil }
        count += 1
        return pipe
    }

    /// Returns a pipe to the pool. A pipe that still holds bytes is dropped, which closes it.
    package func give(_ pipe: Pipe) {
        if pipe.count == 0 { pipes.append(pipe) } else { count -= 1 }
    }

    /// Closes the idle pipes, to free their descriptors for others.
    ///
    /// - Returns: whether there were any.
    package func closeResting() -> Bool {
        guard !pipes.isEmpty else { return false }
        count -= pipes.count
        pipes = []
        return true
    }

    #if DEBUG
        /// How many pipes are borrowed by relays, and how many are idle. Debug builds only.
        package var inUse: Int { count - pipes.count }
        package var resting: Int { pipes.count }
    #endif
}
