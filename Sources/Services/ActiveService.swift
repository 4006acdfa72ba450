// SPDX-License-Identifier: Apache-2.0

public import Configuration
public import Reactor
public import Records

/// The service of a listener: the state that its connections share across lanes and reloads.
///
/// Concurrency: immutable; may be used from every thread.
public struct ActiveService: Sendable {
    /// Makes the service, once for each lane of a listener.
    public let make: @Sendable () -> any Service

    let upstreams: UpstreamRegistration?

    /// The number of its upstreams, how many of them are down, and from how many an operator keeps new connections; nil for a
    /// service without upstreams.
    ///
    /// One that an operator has withdrawn does not count as down.
    public var upstreamCounts: (all: Int, down: Int, withdrawn: Int)? {
        upstreams.map(\.group.members).map { members in
            let withdrawn = members.count(where: \.upstream.isWithdrawn)
            return (members.count, members.count { $0.upstream.isDown && !$0.upstream.isWithdrawn }, withdrawn)
        }
    }

    /// Makes the service of a listener from its settings.
    ///
    /// - Parameters:
    ///   - services: the services that the configuration was read with.
    ///   - label: the names of the listener, for records.
    ///   - previous: the service that the listener had before a reload; the state of its upstreams is kept.
    public init(
        _ settings: ServiceSettings, among services: [ServiceDescriptor] = ServiceDescriptor.builtIn,
        label: ListenerLabel, following previous: ActiveService? = nil
    ) {
        let descriptor = services.first { $0.schema.name == settings.name }
        guard let service = descriptor?.make(settings.values, label, previous) else {
            preconditionFailure("the configuration was read with another service `\(settings.name)`")
        }
        self = service
    }

    /// A service whose connections share state on a lane, or on all lanes.
    ///
    /// - Parameter make: makes the service for a lane.
    package init(_ make: @escaping @Sendable () -> any Service) {
        self.make = make
        upstreams = nil
    }

    /// A service with upstreams.
    init(_ upstreams: UpstreamRegistration, _ make: @escaping @Sendable () -> any Service) {
        self.make = make
        self.upstreams = upstreams
    }

    /// A service whose connections share no state.
    ///
    /// - Parameters:
    ///   - session: makes the session of a connection.
    ///   - flow: makes the flow of a source of datagrams.
    package static func stateless(
        _ session: @escaping @Sendable (consuming Seed, Lane) -> StreamSession,
        flow: @escaping @Sendable (FlowSeed, Lane) -> Flow
    ) -> ActiveService {
        ActiveService { StatelessService(session, flow: flow) }
    }
}
