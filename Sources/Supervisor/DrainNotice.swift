// SPDX-License-Identifier: Apache-2.0

import Configuration

/// What a stop that waits for connections is called, in records and to whoever pressed Ctrl-C. Pure.
enum DrainNotice {
    /// For the person at the terminal: how long it takes, and how to end it now. nil where nothing is waited for.
    static func terminal(connections: Int, timeout: Duration) -> String? {
        guard connections > 0, timeout > .zero else { return nil }
        let counted = StatusLine.count(connections, "connection")
        return "waiting up to \(DurationText.format(timeout)) for \(counted); Ctrl-C again stops now"
    }

    /// For the log.
    static func record(connections: Int, timeout: Duration) -> String {
        guard connections > 0 else { return "stopping: no connection is open" }
        let may = connections == 1 ? "may end by itself" : "may end by themselves"
        return "stopping: \(StatusLine.count(connections, "connection")) \(may) for \(DurationText.format(timeout))"
    }
}
