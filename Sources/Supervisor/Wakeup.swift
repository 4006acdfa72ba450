// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Lets other threads wake a queue through an eventfd.
///
/// A block on the supervisor's queue would do the same, but what it captures would have to be Sendable.
///
/// Concurrency: may be signalled from any thread.
final class Wakeup: Sendable {
    private let wake: WakeDescriptor

    init() throws(SystemError) {
        wake = try WakeDescriptor()
    }

    /// The descriptor number, for a Dispatch source.
    var raw: CInt { wake.raw }

    func signal() { wake.signal() }

    func clear() { wake.clear() }
}
