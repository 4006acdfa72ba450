// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// Reads the signals that end a client or change its terminal from a signalfd.
///
/// So a client can restore the terminal and remove its files before it ends or stops.
///
/// Concurrency: belongs to one thread.
final class Interruption {
    /// A signal that ends the process.
    struct Signal: Error {
        let number: CInt
    }

    private static let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    private let signals: SignalDescriptor

    /// A signal that ended ``wait(for:_:until:)``.
    private(set) var pending: CInt?

    /// Blocks the signals; from then on they are read here.
    init() throws(SystemError) {
        signals = try SignalDescriptor(blocking: Self.ending + [SIGWINCH, SIGTSTP])
    }

    /// The descriptor, for poll(2).
    var raw: CInt { signals.raw }

    /// Reads the next signal; nil if there is none.
    func next() throws(SystemError) -> CInt? { try signals.next() }

    /// Whether a signal ends the process.
    static func ends(_ signal: CInt) -> Bool { ending.contains(signal) }

    /// Waits for one descriptor, before the terminal is in use. A signal that ends the process throws EINTR.
    ///
    /// - Returns: whether the descriptor is ready; false on a timeout.
    func wait(for raw: CInt, _ wanted: CInt, until deadline: UInt64?) throws(SystemError) -> Bool {
        while true {
            var entries = [Poll.Entry(raw: raw, wanted: wanted), Poll.Entry(raw: self.raw, wanted: POLLIN)]
            try Poll.wait(&entries, until: deadline)
            if entries[1].isReadable, let signal = try next() {
                if signal == SIGTSTP { Self.stop() }
                if Self.ends(signal) {
                    pending = signal
                    throw SystemError("poll", errno: EINTR)
                }
            }
            if entries[0].found != 0 { return true }
            if let deadline, deadline <= Clock.monotonic { return false }
        }
    }

    /// Stops the process until it gets SIGCONT.
    static func stop() {
        raise(SIGSTOP)
    }

    /// Ends the process by the signal's default action, so that the parent sees the right wait status.
    static func die(of signal: CInt) { SignalDescriptor.endProcess(by: signal) }
}
