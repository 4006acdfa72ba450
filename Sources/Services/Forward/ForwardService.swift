// SPDX-License-Identifier: Apache-2.0

import Configuration
import Reactor

/// Relays connections to the upstreams of a group: `service = "forward"`.
///
/// Concurrency: belongs to one lane; the group is shared by all of them.
final class ForwardService: Service {
    private let group: UpstreamGroup
    private var probes: [HealthProbe] = []

    init(_ group: UpstreamGroup) {
        self.group = group
    }

    func makeConnection(for arrival: consuming Arrival, on lane: Lane) -> Connection {
        RelayConnection(arrival, lane: lane, group: group)
    }

    func makeFlow(for arrival: FlowArrival, on lane: Lane) -> Flow? {
        DatagramRelay(flow: arrival, lane: lane, group: group)
    }

    var takesBusAsOne: Bool { group.settings.takesBusAsOne }

    /// One lane looks after the health of the upstreams for all.
    func begin(on lane: Lane) {
        guard let health = group.settings.health, lane.isFirst else { return }
        probes = group.members.map { HealthProbe(of: $0.upstream, as: health, for: group, on: lane) }
        // Spread over the interval, so that not all of them are due at once.
        for (index, probe) in probes.enumerated() { probe.begin(number: index, of: probes.count) }
    }

    func end(on lane: Lane) {
        for probe in probes { probe.end() }
        probes = []
    }
}
