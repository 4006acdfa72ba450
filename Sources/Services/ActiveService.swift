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

    /// Whether all connections of a listener have to be on one lane, because they talk to each other.
    public let sharesOneLane: Bool

    private let upstreams: UpstreamGroup?

    /// Puts a service into force.
    ///
    /// - Parameters:
    ///   - label: the names of the listener, for records.
    ///   - previous: the service that the listener had before a reload; what is known of its upstreams stays known.
    public init(_ settings: ServiceSettings, label: ListenerLabel, following previous: ActiveService? = nil) {
        var upstreams: UpstreamGroup?
        switch settings {
        case .echo: make = { StatelessService { EchoWorker($0, lane: $1) } }
        case .discard: make = { StatelessService { DiscardWorker($0, lane: $1) } }
        case .daytime: make = { StatelessService { DaytimeWorker($0, lane: $1) } }
        case .time: make = { StatelessService { TimeWorker($0, lane: $1) } }
        case .chargen: make = { StatelessService { ChargenWorker($0, lane: $1) } }
        case .chat: make = { ChatService() }
        case .forward(let settings):
            let group = UpstreamGroup(settings, label: label, following: previous?.upstreams)
            upstreams = group
            make = { ForwardService(group) }
        }
        self.upstreams = upstreams
        sharesOneLane = settings.sharesOneLane
    }
}

extension ServiceSettings {
    /// Whether the members of the service talk to each other.
    fileprivate var sharesOneLane: Bool {
        switch self {
        case .echo, .discard, .daytime, .time, .chargen, .forward: false
        case .chat: true
        }
    }
}
