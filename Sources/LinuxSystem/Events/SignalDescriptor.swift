// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Signals read as data: signalfd(2).
///
/// Block the signals before the first thread or queue exists: each thread inherits the mask of its creator.
///
/// Concurrency: immutable; one thread reads it.
public final class SignalDescriptor: Sendable {
    private let descriptor: OwnedDescriptor

    /// Blocks the signals on this thread, and so on all threads that it creates, and opens the signalfd.
    public init(blocking signals: [CInt]) throws(SystemError) {
        // unsafe: the array outlives both calls.
        _ = try systemCall("pthread_sigmask") { unsafe clinux_block_signals(signals, CInt(signals.count)) }
        descriptor = OwnedDescriptor(
            adopting: try systemCall("signalfd") { unsafe clinux_signalfd(signals, CInt(signals.count)) })
    }

    /// Ends the process by the default action of a signal that is blocked here, so that the parent sees the wait status of
    /// the signal.
    public static func endProcess(by signal: CInt) {
        Glibc.signal(signal, SIG_DFL)
        var set = sigset_t()
        // unsafe: a local.
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, signal)
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(signal)
    }

    /// The descriptor number, for a Dispatch source.
    public var raw: CInt { descriptor.raw }

    /// The next pending signal; nil if there is none.
    public func next() throws(SystemError) -> CInt? {
        let raw = descriptor.raw
        let number = try systemCall("read") { clinux_signalfd_next(raw) }
        return number == 0 ? nil : number
    }
}
