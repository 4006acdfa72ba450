// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

/// The empty pipes of a lane, for relays that splice. A relay has one only while bytes are in it.
///
/// Concurrency: belongs to one lane.
package final class PipePool {
    /// How many bytes a pipe may hold.
    private static let capacity = 1 << 20

    /// How many pipes the lane may have, in use and at rest. At their capacity they are `fs.pipe-user-pages-soft` of two
    /// lanes; and each takes two descriptors from the connections. All are kept: with eight at rest, sixteen connections
    /// that were given 256 KiB at a time cost 4 % more, for pipes that were closed and made anew.
    private static let most = 32

    private var pipes: [Pipe] = []
    private var count = 0

    init() {}

    /// An empty pipe; nil if there is none to be had.
    package func take() -> Pipe? {
        if let pipe = pipes.popLast() { return pipe }
        guard count < Self.most, let pipe = try? Pipe(capacity: Self.capacity) else { return nil }
        count += 1
        return pipe
    }

    /// Takes a pipe back. One in which bytes are left is closed.
    package func give(_ pipe: Pipe) {
        if pipe.count == 0 { pipes.append(pipe) } else { count -= 1 }
    }

    /// Closes the pipes at rest, because something else lacks descriptors.
    ///
    /// - Returns: whether there were any.
    package func closeResting() -> Bool {
        guard !pipes.isEmpty else { return false }
        count -= pipes.count
        pipes = []
        return true
    }

    #if DEBUG
        /// How many pipes are with relays, and how many are at rest. Debug builds only.
        package var inUse: Int { count - pipes.count }
        package var resting: Int { pipes.count }
    #endif
}
