// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// The signals that end a client, or change its terminal, read as data, so that it can put its terminal in order and
/// remove its files first.
///
/// Concurrency: belongs to one thread.
final class Interruption {
    /// A signal came that ends the process.
    struct Signal: Error {
        let number: CInt
    }

    private static let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    private let signals: SignalDescriptor

    /// What came while something else was waited for.
    private(set) var pending: CInt?

    /// From now on the signals are read here.
    init() throws(SystemError) {
        signals = try SignalDescriptor(blocking: Self.ending + [SIGWINCH, SIGTSTP])
    }

    /// The number, for poll(2).
    var raw: CInt { signals.raw }

    /// The next signal; nil if there is none.
    func next() throws(SystemError) -> CInt? { try signals.next() }

    /// Whether a signal ends the process.
    static func ends(_ signal: CInt) -> Bool { ending.contains(signal) }

    /// Waits for one descriptor, before there is a terminal to look after: a signal that ends the process is an `EINTR`.
    ///
    /// - Returns: whether it is ready; false if the time has passed.
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

    /// Stops the process until the shell lets it go on.
    static func stop() {
        raise(SIGSTOP)
    }

    /// Ends the process as the signal would have done, so that whoever started it knows.
    static func die(of signal: CInt) {
        Glibc.signal(signal, SIG_DFL)
        var set = sigset_t()
        // unsafe: a local.
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, signal)
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(signal)
    }
}
