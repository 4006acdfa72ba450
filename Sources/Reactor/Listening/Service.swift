// SPDX-License-Identifier: Apache-2.0

/// What a listener gives to whoever comes: it makes each connection.
///
/// Concurrency: an instance belongs to one lane, for all connections of one listener on that lane; what they share, such
/// as a room, it holds.
public protocol Service: AnyObject {
    /// Makes the connection of a client that was just admitted.
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession

    /// Makes the flow of a source that was just admitted; nil if the service has to do with streams alone, which the
    /// configuration has seen to.
    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow?

    /// Whether all frames of a CAN bus are one flow, and not those of each identifier.
    var takesBusAsOne: Bool { get }

    /// The listener accepts on this lane from now on: for what a service does without a client.
    func begin(on lane: Lane)

    /// The listener accepts on this lane no more, or gives another service to those that come. Connections that stand
    /// live on.
    func end(on lane: Lane)
}

extension Service {
    /// None.
    public func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { nil }

    /// No: who sends is told by the identifier.
    public var takesBusAsOne: Bool { false }

    /// Does nothing: most services wait for clients.
    public func begin(on lane: Lane) {}

    /// Does nothing.
    public func end(on lane: Lane) {}
}
