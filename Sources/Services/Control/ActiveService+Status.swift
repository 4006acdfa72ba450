// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
package import ControlProtocol
import Reactor
import Relaying

extension ActiveService {
    /// The connections that wait for an upstream; nil for a service without upstreams.
    package var queueStatus: QueueStatus? {
        upstreams.map { QueueStatus(length: $0.group.queue.length, limit: $0.group.settings.queueLimit) }
    }

    /// The upstreams of the listener, in the order of the configuration; empty for a service without upstreams.
    package var upstreamStatus: [UpstreamStatus] {
        guard let group = upstreams?.group else { return [] }
        return zip(group.members, group.settings.upstreams).map { member, settings in
            let upstream = member.upstream
            let totals = upstream.totals.sum
            var status = UpstreamStatus(address: settings.endpoint.description)
            status.state = upstream.isDown ? .down : .up
            let override = upstream.override
            status.withdrawal = override.state.map { $0 == .draining ? .draining : .disabled }
            status.weight = override.weight ?? settings.weight
            status.configuredWeight = override.weight.map { _ in settings.weight }
            status.backup = settings.isBackup
            status.connections = upstream.active.value
            status.peak = upstream.active.peak
            status.limit = member.limit
            status.total = totals.ended &+ UInt64(max(upstream.active.value, 0))
            status.failed = totals.failed
            status.bytesIn = totals.bytesIn
            status.bytesOut = totals.bytesOut
            status.add(upstream.condition, of: upstream.kind)
            if totals.connectTimes.count > 0 { status.connectTimes = DurationSpread(totals.connectTimes) }
            return status
        }
    }
}
