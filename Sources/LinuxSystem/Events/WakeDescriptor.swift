// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An eventfd(2) with which one thread wakes another that waits in epoll.
///
/// Concurrency: any thread may signal it; the waiting thread clears it.
public struct WakeDescriptor: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Opens the eventfd.
    public init() throws(SystemError) {
        descriptor = OwnedDescriptor(adopting: try systemCall("eventfd") { clinux_eventfd() })
    }

    /// The descriptor number, for epoll.
    public var raw: CInt { descriptor.raw }

    /// Makes the eventfd readable. Never blocks: the counter cannot overflow in steps of one.
    public func signal() {
        var one: UInt64 = 1
        // unsafe: eight bytes of a local.
        _ = unsafe write(descriptor.raw, &one, 8)
    }

    /// Resets the counter, so that the eventfd is not readable any more.
    public func clear() {
        var count: UInt64 = 0
        // unsafe: eight bytes of a local.
        _ = unsafe read(descriptor.raw, &count, 8)
    }
}
