// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An eventfd(2) through which another thread wakes one that waits in epoll.
///
/// Concurrency: may be signalled from any thread; the waiting one clears it.
public struct WakeDescriptor: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Makes the descriptor.
    public init() throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try systemCall("eventfd") { clinux_eventfd() })
    }

    /// The number, for epoll.
    public var raw: CInt { descriptor.raw }

    /// Makes the descriptor readable. It never blocks: the counter cannot overflow by ones.
    public func signal() {
        var one: UInt64 = 1
        // unsafe: eight bytes of a local.
        _ = unsafe write(descriptor.raw, &one, 8)
    }

    /// Makes it unreadable again.
    public func clear() {
        var count: UInt64 = 0
        // unsafe: eight bytes of a local.
        _ = unsafe read(descriptor.raw, &count, 8)
    }
}
