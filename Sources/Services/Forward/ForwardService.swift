// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Relaying

/// Relays connections to the upstreams of a group: `service = "forward"`.
///
/// Concurrency: belongs to one lane; the group is shared by all of them.
final class ForwardService: Service {
    let group: UpstreamGroup
    private var probes: [HealthProbe] = []
    private var losses: FramingLosses?

    init(_ group: UpstreamGroup) {
        self.group = group
    }

    func makeSession(for seed: consuming Seed, on lane: Lane) -> StreamSession {
        guard group.takesDatagrams, let framing = group.settings.framing else {
            return RelaySession(seed, lane: lane, group: group)
        }
        return FramedSession(
            seed, lane: lane, group: group, framing: framing, losses: losses(of: framing, on: lane))
    }

    func makeFlow(for seed: FlowSeed, on lane: Lane) -> Flow? {
        guard !group.takesDatagrams, let framing = group.settings.framing else {
            return DatagramRelay(flow: seed, lane: lane, group: group)
        }
        return FramedFlow(
            flow: seed, lane: lane, group: group, framing: framing, losses: losses(of: framing, on: lane))
    }

    private func losses(of framing: Framing, on lane: Lane) -> FramingLosses {
        if let losses { return losses }
        let losses = FramingLosses(framing, label: group.label, on: lane)
        self.losses = losses
        return losses
    }

    var takesBusAsOne: Bool { group.settings.takesBusAsOne }

    /// Starts the health checks. The first lane does them for all lanes.
    func begin(on lane: Lane) {
        guard let health = group.settings.health, lane.isFirst else { return }
        probes = group.members.indices.map { HealthProbe(of: $0, as: health, in: group, on: lane) }
        // Spread over the interval, so that not all of them are due at once.
        for (index, probe) in probes.enumerated() { probe.begin(number: index, of: probes.count) }
    }

    func end(on lane: Lane) {
        for probe in probes { probe.end() }
        probes = []
        losses?.end()
    }
}
