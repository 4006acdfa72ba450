// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// Receives the daemon's state: systemd, or a test.
protocol Notifier: Sendable {
    /// Sends assignments, one a line, in one message, without blocking: sd_notify(3).
    func notify(_ state: String)

    /// Sends messages that could not be sent before.
    ///
    /// - Returns: whether none is left.
    @discardableResult func retry() -> Bool

    /// Whether messages wait for ``retry()``.
    var hasPending: Bool { get }

    /// How often `WATCHDOG=1` is wanted, in microseconds; nil for never.
    var watchdogMicroseconds: UInt64? { get }
}

extension Notifier {
    /// Returns true: no message ever waits.
    func retry() -> Bool { true }

    /// False: no message ever waits.
    var hasPending: Bool { false }
}

/// Sends the state to systemd. While the receive queue of systemd's socket is full, the newest state is kept.
///
/// Concurrency: may be used from any thread; a mutex guards the messages that wait.
final class SystemdNotifier: Notifier {
    private let socket: NotifySocket?
    private let pending = Mutex(PendingNotices())

    /// Makes a notifier.
    ///
    /// - Parameter socket: nil without a service manager; every call does nothing then.
    init(_ socket: NotifySocket? = NotifySocket()) {
        self.socket = socket
    }

    func notify(_ state: String) {
        guard let socket else { return }
        pending.withLock { pending in
            // Pending messages go first, to keep the order.
            if Self.send(&pending, through: socket), socket.send(state) != .full { return }
            pending.add(state)
        }
    }

    func retry() -> Bool {
        guard let socket else { return true }
        return pending.withLock { Self.send(&$0, through: socket) }
    }

    var hasPending: Bool { pending.withLock { $0.next != nil } }

    var watchdogMicroseconds: UInt64? { ServiceManager.watchdogMicroseconds }

    /// Sends pending messages; false while the receive queue is full.
    private static func send(_ pending: inout PendingNotices, through socket: NotifySocket) -> Bool {
        while let message = pending.next {
            if socket.send(message) == .full { return false }
            pending.sent()
        }
        return true
    }
}
