// SPDX-License-Identifier: Apache-2.0

import Records

/// The places that a connection or flow takes: one of the daemon's, one of its listener's, one of its lane's. It gives them
/// back in its deinit, wherever the connection ends.
///
/// Concurrency: belongs to one seed or session at a time; the counts are atomic.
struct Admittance: ~Copyable, Sendable {
    private let daemon: ConnectionCount
    private let listener: ConnectionCount
    private var lane: ConnectionCount?

    /// Takes a place of the daemon and one of the listener.
    ///
    /// - Throws: the limit that is reached; then no place is taken.
    init(
        daemon: ConnectionCount, limit daemonLimit: Int, listener: ConnectionCount, limit listenerLimit: Int?
    ) throws(Refusal) {
        guard daemon.enter(limit: daemonLimit) else { throw .daemonLimit(daemonLimit) }
        guard listener.enter(limit: listenerLimit) else {
            daemon.leave()
            throw .listenerLimit(listenerLimit ?? 0)
        }
        self.daemon = daemon
        self.listener = listener
        lane = nil
    }

    /// Takes a place of the lane that serves it, where it counts from now on.
    mutating func take(_ lane: ConnectionCount) {
        self.lane?.leave()
        _ = lane.enter(limit: nil)
        self.lane = lane
    }

    deinit {
        lane?.leave()
        listener.leave()
        daemon.leave()
    }
}
