// SPDX-License-Identifier: Apache-2.0

import Configuration

extension ServiceDescriptor {
    /// Relays to upstreams. The state of an upstream outlives a reload.
    static let forward = ServiceDescriptor(.forward) { (settings: ForwardSettings, label, previous) in
        let upstreams = UpstreamRegistration(settings, label: label, following: previous?.upstreams)
        return ActiveService(upstreams) { ForwardService(upstreams.group) }
    }
}
