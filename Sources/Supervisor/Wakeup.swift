// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Through which other threads tell the supervisor that something has changed.
///
/// An eventfd instead of a block on the supervisor's queue: so nothing of the supervisor has to be Sendable.
///
/// Concurrency: may be rung from any thread.
final class Wakeup: Sendable {
    private let wake: WakeDescriptor

    init() throws(SystemError) {
        wake = try WakeDescriptor()
    }

    /// The number, for a Dispatch source.
    var raw: CInt { wake.raw }

    func signal() { wake.signal() }

    func clear() { wake.clear() }
}
