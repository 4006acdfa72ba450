// SPDX-License-Identifier: Apache-2.0

public import Policy
public import Records

/// A listener as the connections to come find it: its plan, its names in records, and what makes its service. A reload makes
/// a new one; each connection keeps the one under which it came in.
///
/// Concurrency: immutable, and shared by the lanes; what changes is in ``ListenerState``.
public final class ListenerInForce: Sendable {
    /// The settings.
    public let plan: ListenerPlan

    /// The names in records.
    public let label: ListenerLabel

    /// What its connections share over lanes and reloads.
    public let state: ListenerState

    /// ``Policy/ListenerPlan/sharesOneLane``, which is asked for each connection: worked out once.
    public let sharesOneLane: Bool

    /// Makes the service, once on each lane.
    public let makeService: @Sendable () -> any Service

    /// Puts a plan into force.
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

    /// The number of the listener, over reloads.
    public var identifier: Int { state.identifier }

    /// How many connections the listener has, over lanes and reloads.
    public var connections: ConnectionCount { state.connections }
}
