// SPDX-License-Identifier: Apache-2.0

import Reactor

/// A service whose connections have nothing in common: it only makes their workers.
///
/// Concurrency: belongs to one lane, as every service does.
final class StatelessService: Service {
    private let make: (consuming Arrival, Lane) -> Worker

    init(_ make: @escaping (consuming Arrival, Lane) -> Worker) {
        self.make = make
    }

    func makeWorker(for arrival: consuming Arrival, on lane: Lane) -> Worker { make(arrival, lane) }
}
