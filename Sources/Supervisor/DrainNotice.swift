// SPDX-License-Identifier: Apache-2.0

import Configuration
import Records

/// The message on the terminal when Ctrl-C begins a stop that waits for connections. Pure.
enum DrainNotice {
    /// How long the wait may take and how to end it; nil if there is nothing to wait for.
    static func terminal(connections: Int, timeout: Duration) -> String? {
        guard connections > 0, timeout > .zero else { return nil }
        let counted = Quantity.text(connections, "connection")
        return "waiting up to \(DurationText.format(timeout)) for \(counted); Ctrl-C again stops now"
    }
}
