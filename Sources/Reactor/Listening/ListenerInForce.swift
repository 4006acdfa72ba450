// SPDX-License-Identifier: Apache-2.0

public import Policy
public import Records

/// The settings of a listener for new connections: its plan, its label and what makes its service.
///
/// A reload makes a new object; each connection keeps the one that it was accepted under.
///
/// Concurrency: immutable, and shared by the lanes; what changes is in ``ListenerState``.
public final class ListenerInForce: Sendable {
    /// The settings.
    public let plan: ListenerPlan

    /// The names of the listener and its service in records.
    public let label: ListenerLabel

    /// The state that its connections share across lanes and reloads.
    public let state: ListenerState

    /// ``Policy/ListenerPlan/sharesOneLane``, computed once, since it is read for each connection.
    public let sharesOneLane: Bool

    /// Makes the service of one lane.
    public let makeService: @Sendable () -> any Service

    /// Makes the settings from a plan.
    public init(
        _ plan: ListenerPlan, label: ListenerLabel, state: ListenerState,
        makeService: @escaping @Sendable () -> any Service
    ) {
        self.plan = plan
        self.label = label
        self.state = state
        self.makeService = makeService
        sharesOneLane = plan.sharesOneLane
    }

    /// The number of the listener, which reloads keep.
    public var identifier: Int { state.identifier }

    /// The count of the listener's connections on all lanes, which reloads keep.
    public var connections: ConnectionCount { state.connections }
}
