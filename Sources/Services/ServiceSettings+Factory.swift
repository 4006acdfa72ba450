// SPDX-License-Identifier: Apache-2.0

public import Configuration
public import Reactor

extension ServiceSettings {
    /// Makes the service, once for each lane of a listener.
    public var factory: @Sendable () -> any Service {
        switch self {
        case .echo: { StatelessService { EchoWorker($0, lane: $1) } }
        case .discard: { StatelessService { DiscardWorker($0, lane: $1) } }
        case .daytime: { StatelessService { DaytimeWorker($0, lane: $1) } }
        case .time: { StatelessService { TimeWorker($0, lane: $1) } }
        case .chargen: { StatelessService { ChargenWorker($0, lane: $1) } }
        case .chat: { ChatService() }
        }
    }

    /// Whether all connections of a listener have to be on one lane, because they talk to each other.
    public var sharesOneLane: Bool {
        switch self {
        case .echo, .discard, .daytime, .time, .chargen: false
        case .chat: true
        }
    }
}
