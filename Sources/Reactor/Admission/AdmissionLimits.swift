// SPDX-License-Identifier: Apache-2.0

package import Records

/// The limits that a connection is checked against, and how full they are. Pure.
package struct AdmissionLimits: Sendable {
    /// The connections of the daemon and of the listener.
    package var daemon: Int
    package var listener: Int
    /// Their limits; nil for none.
    package var daemonLimit: Int
    package var listenerLimit: Int?

    /// Makes limits.
    package init(daemon: Int, of daemonLimit: Int, listener: Int, of listenerLimit: Int?) {
        self.daemon = daemon
        self.listener = listener
        self.daemonLimit = daemonLimit
        self.listenerLimit = listenerLimit
    }

    /// Whether there is room for one more beside `count`.
    static func hasRoom(beside count: Int, limit: Int?) -> Bool {
        guard let limit else { return true }
        return count < limit
    }

    /// The limit that one more connection would exceed; nil if it is admitted.
    package var refusal: Refusal? {
        if !Self.hasRoom(beside: daemon, limit: daemonLimit) { return .daemonLimit(daemonLimit) }
        return Self.hasRoom(beside: listener, limit: listenerLimit) ? nil : .listenerLimit(listenerLimit ?? 0)
    }
}
