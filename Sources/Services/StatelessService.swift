// SPDX-License-Identifier: Apache-2.0

import Reactor

/// A service whose connections have nothing in common: it only makes them.
///
/// Concurrency: belongs to one lane, as every service does.
final class StatelessService: Service {
    private let make: (consuming Arrival, Lane) -> Connection

    init(_ make: @escaping (consuming Arrival, Lane) -> Connection) {
        self.make = make
    }

    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection { make(arrival, lane) }
}
