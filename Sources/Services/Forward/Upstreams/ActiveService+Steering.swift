// SPDX-License-Identifier: Apache-2.0

import Addresses
package import ControlProtocol
import Relaying

/// What operators set for the upstreams of a listener.
///
/// Concurrency: called on the supervisor's queue, so that changes follow each other.
extension ActiveService {
    /// Sets the state or the weight of an upstream for what is new; what is nil stays as it is.
    ///
    /// The lanes choose by it from their next choice on.
    ///
    /// - Parameters:
    ///   - name: the address of the upstream, with or without its scheme. If it is listed twice, both are meant.
    ///   - weight: 0...256.
    /// - Returns: whether there is such an upstream.
    package func setUpstream(_ name: String, state: WantedUpstreamState?, weight: Int?) -> Bool {
        let change = UpstreamOverride.Change(state: state.map(UpstreamOverride.Change.State.init), weight: weight)
        let found = upstreams(named: name)
        for upstream in found { upstream.override = upstream.override.changed(by: change) }
        if !found.isEmpty { upstreams?.group.registry.followOverrides() }
        return !found.isEmpty
    }

    /// Takes back what was set for an upstream, or for all of them.
    ///
    /// - Returns: for how many something was set; nil if there is no such upstream.
    package func resetUpstreams(_ name: String?) -> Int? {
        let found = name.map(upstreams(named:)) ?? distinctUpstreams
        if name != nil, found.isEmpty { return nil }
        let changed = found.filter { !$0.override.isEmpty }
        for upstream in changed { upstream.override = UpstreamOverride() }
        if !changed.isEmpty { upstreams?.group.registry.followOverrides() }
        return changed.count
    }

    /// Takes back what was set for upstreams that the service after a reload does not have.
    ///
    /// - Parameter next: nil if the listener was removed.
    /// - Returns: the addresses for which something was set, as in the configuration.
    package func dropOverrides(missingIn next: ActiveService?) -> [String] {
        let kept = Set((next?.distinctUpstreams ?? []).map(ObjectIdentifier.init))
        let dropped = distinctUpstreams.filter { !kept.contains(ObjectIdentifier($0)) && !$0.override.isEmpty }
        // The balancing of the old group stays as it is, for connections that still choose from it.
        for upstream in dropped { upstream.override = UpstreamOverride() }
        return dropped.map(\.endpoint.description)
    }

    private func upstreams(named name: String) -> [Upstream] {
        let members = upstreams?.group.members.map(\.upstream) ?? []
        // Equal addresses are one object.
        return UpstreamName.find(name, in: members.map(\.endpoint.description)).first.map { [members[$0]] } ?? []
    }

    private var distinctUpstreams: [Upstream] {
        var known: Set<ObjectIdentifier> = []
        return (upstreams?.group.members ?? []).map(\.upstream).filter { known.insert(ObjectIdentifier($0)).inserted }
    }
}

extension UpstreamOverride.Change.State {
    fileprivate init(_ wanted: WantedUpstreamState) {
        self =
            switch wanted {
            case .enabled: .enabled
            case .draining: .draining
            case .disabled: .disabled
            }
    }
}
