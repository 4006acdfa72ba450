// SPDX-License-Identifier: Apache-2.0

import Reactor

/// A service whose connections share no state: it only makes their sessions and flows.
///
/// Concurrency: belongs to one lane, as every service does.
final class StatelessService: Service {
    private let make: (consuming Seed, Lane) -> StreamSession
    private let flow: (FlowSeed, Lane) -> Flow

    init(
        _ make: @escaping (consuming Seed, Lane) -> StreamSession, flow: @escaping (FlowSeed, Lane) -> Flow
    ) {
        self.make = make
        self.flow = flow
    }

    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession { make(seed, lane) }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? { flow(seed, lane) }
}
