// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Signals read as data: signalfd(2).
///
/// The signals have to be blocked before the first thread or queue exists, since each thread inherits its mask.
///
/// Concurrency: immutable; one thread reads it.
public final class SignalDescriptor: Sendable {
    private let descriptor: OwnedDescriptor

    /// Blocks the signals on this thread, and on those that it will make, and makes the descriptor that reads them.
    public init(blocking signals: [CInt]) throws(SystemError) {
        // unsafe: the array outlives both calls.
        _ = try systemCall("pthread_sigmask") { unsafe clinux_block_signals(signals, CInt(signals.count)) }
        descriptor = OwnedDescriptor(
            adopting: try systemCall("signalfd") { unsafe clinux_signalfd(signals, CInt(signals.count)) })
    }

    /// The number, for a Dispatch source.
    public var raw: CInt { descriptor.raw }

    /// The next signal that has arrived; nil when there is none.
    public func next() throws(SystemError) -> CInt? {
        let raw = descriptor.raw
        let number = try systemCall("read") { clinux_signalfd_next(raw) }
        return number == 0 ? nil : number
    }
}
