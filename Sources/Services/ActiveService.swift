// SPDX-License-Identifier: Apache-2.0

public import Configuration
public import Reactor
public import Records

/// A service as a listener gives it: what its connections have in common over lanes and reloads.
///
/// Concurrency: immutable; may be used from every thread.
public struct ActiveService: Sendable {
    /// Makes the service, once for each lane of a listener.
    public let make: @Sendable () -> any Service

    private let upstreams: UpstreamRegistration?

    /// How many of its upstreams there are, and how many of them are down; nil for a service without upstreams.
    public var upstreamCounts: (all: Int, down: Int)? {
        upstreams.map(\.group.members).map { members in (members.count, members.count { $0.upstream.isDown }) }
    }

    /// Puts a service into force.
    ///
    /// - Parameters:
    ///   - label: the names of the listener, for records.
    ///   - previous: the service that the listener had before a reload; what is known of its upstreams stays known.
    public init(_ settings: ServiceSettings, label: ListenerLabel, following previous: ActiveService? = nil) {
        var upstreams: UpstreamRegistration?
        switch settings {
        case .echo: make = Self.stateless(EchoWorker.init(_:lane:), flow: EchoFlow.init(flow:lane:))
        case .discard: make = Self.stateless(DiscardWorker.init(_:lane:), flow: DiscardFlow.init(flow:lane:))
        case .daytime: make = Self.stateless(DaytimeWorker.init(_:lane:), flow: DaytimeFlow.init(flow:lane:))
        case .time: make = Self.stateless(TimeWorker.init(_:lane:), flow: TimeFlow.init(flow:lane:))
        case .chargen: make = Self.stateless(ChargenWorker.init(_:lane:), flow: ChargenFlow.init(flow:lane:))
        case .chat: make = { ChatService() }
        case .forward(let settings):
            let registration = UpstreamRegistration(settings, label: label, following: previous?.upstreams)
            upstreams = registration
            make = { ForwardService(registration.group) }
        }
        self.upstreams = upstreams
    }

    private static func stateless(
        _ worker: @escaping @Sendable (consuming Seed, Lane) -> StreamSession,
        flow: @escaping @Sendable (FlowSeed, Lane) -> Flow
    ) -> @Sendable () -> any Service {
        { StatelessService(worker, flow: flow) }
    }
}
