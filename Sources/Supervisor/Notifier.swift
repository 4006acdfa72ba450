// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// Whom the supervisor tells its state: systemd, or a test.
protocol Notifier: Sendable {
    /// Sends assignments, one a line, in one message: sd_notify(3).
    func notify(_ state: String)

    /// How often `WATCHDOG=1` is wanted, in microseconds; nil for never.
    var watchdogMicroseconds: UInt64? { get }
}

/// Tells systemd.
struct SystemdNotifier: Notifier {
    func notify(_ state: String) { ServiceManager.notify(state) }

    var watchdogMicroseconds: UInt64? { ServiceManager.watchdogMicroseconds }
}
