// SPDX-License-Identifier: Apache-2.0

public import Reactor

/// Sends back every byte of a stream, and every datagram.
public final class EchoingService: Service {
    /// Makes the service.
    public init() {}

    /// Makes a session that sends back every byte until EOF.
    public func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        EchoingWorker(seed, lane: lane)
    }

    /// Makes a flow that sends back every datagram.
    public func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { EchoingFlow(flow: seed, lane: lane) }

    private final class EchoingWorker: Worker {
        override func received(_ count: Int) { _ = sendReceived(count) }
    }

    private final class EchoingFlow: Flow {
        override func received(_ bytes: RawSpan, segment: Int) { answerWithSame() }
    }
}
