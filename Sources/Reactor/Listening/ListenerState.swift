// SPDX-License-Identifier: Apache-2.0

/// What the connections of a listener share on all lanes and over reloads.
///
/// Concurrency: lanes and the supervisor use it from their own threads; each part is atomic or behind a lock.
public final class ListenerState: Sendable {
    /// Distinguishes the listener from every other that this process has or had.
    public let identifier: Int

    /// How many connections the listener has.
    public let connections = ConnectionCount()

    /// What was counted for it.
    public let totals = LaneTotals()

    /// Which refusals have a record.
    let refusals = ListenerRefusals()

    /// Makes the state of a new listener.
    public init(identifier: Int) {
        self.identifier = identifier
    }
}
