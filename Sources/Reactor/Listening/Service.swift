// SPDX-License-Identifier: Apache-2.0

/// Makes the sessions of a listener's clients on one lane.
///
/// Concurrency: an instance belongs to one lane, for all connections of one listener on that lane. It holds what they
/// share, such as a room.
public protocol Service: AnyObject {
    /// Makes the session of a connection that was just admitted.
    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession

    /// Makes the flow of a source that was just admitted; nil if the service is for streams only.
    ///
    /// The configuration check refuses a datagram listener for such a service.
    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow?

    /// Whether all frames of a CAN bus are one flow, instead of one for each identifier.
    var takesBusAsOne: Bool { get }

    /// Called when the listener starts accepting on this lane: for work that needs no client.
    func begin(on lane: Lane)

    /// Called when the listener stops accepting on this lane, or gets another service. Existing connections continue. It
    /// may be called twice.
    func end(on lane: Lane)
}

extension Service {
    /// Returns nil: the service is for streams only.
    public func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { nil }

    /// False: the frames of each identifier on a CAN bus are a flow of their own.
    public var takesBusAsOne: Bool { false }

    /// Does nothing: most services wait for clients.
    public func begin(on lane: Lane) {}

    /// Does nothing.
    public func end(on lane: Lane) {}
}
