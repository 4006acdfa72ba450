// SPDX-License-Identifier: Apache-2.0

import Records

/// Counts a connection or flow for the daemon, its listener and its lane, as long as it is open.
///
/// Its deinit takes it off these counts, wherever the connection ends.
///
/// Concurrency: belongs to one seed or session at a time; the counts are atomic.
struct Admittance: ~Copyable, Sendable {
    private let daemon: ConnectionCount
    private let listener: ConnectionCount
    private var lane: ConnectionCount?

    /// Counts it for the daemon and the listener.
    ///
    /// - Throws: the limit that is reached; then nothing is counted.
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

    /// Counts it for the lane that will serve it, and no longer for the one before.
    mutating func move(to lane: ConnectionCount) {
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
