// SPDX-License-Identifier: Apache-2.0

public import Configuration
public import Reactor

extension ServiceSettings {
    public var sharesOneLane: Bool { self == .chat }
    public var factory: @Sendable () -> any Service { { EchoService() } }
}

final class EchoService: Service {
    func makeWorker(for arrival: consuming Arrival, on lane: Lane) -> Worker { EchoWorker(arrival, lane: lane) }
}

final class EchoWorker: Worker {
    override func received(_ count: Int) { _ = sendReceived(count) }
}
