// SPDX-License-Identifier: Apache-2.0

import Reactor

/// A service whose connections have nothing in common: it only makes them.
///
/// Concurrency: belongs to one lane, as every service does.
final class StatelessService: Service {
    private let make: (consuming Arrival, Lane) -> Connection
    private let flow: (FlowArrival, Lane) -> Flow

    init(
        _ make: @escaping (consuming Arrival, Lane) -> Connection, flow: @escaping (FlowArrival, Lane) -> Flow
    ) {
        self.make = make
        self.flow = flow
    }

    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection { make(arrival, lane) }

    func makeFlow(for arrival: FlowArrival, on lane: Lane) -> Flow? { flow(arrival, lane) }
}
