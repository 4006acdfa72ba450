// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Records
import Synchronization

/// Has a group found by those before and after it, for as long as this exists: as long as a listener, a service or a
/// connection has the profile that the group belongs to.
///
/// It alone is referred to weakly. An object that a weak reference leads to is retained and released through a side table from
/// then on, which takes four times as long, and a connection retains its group and its upstream some twenty times.
///
/// Concurrency: immutable.
final class UpstreamRegistration: Sendable {
    /// The group.
    let group: UpstreamGroup

    /// Makes a group and puts it in force.
    ///
    /// - Parameters:
    ///   - previous: what it follows after a reload.
    ///   - names: how names of upstreams that are new are looked up.
    init(
        _ settings: ForwardSettings, label: ListenerLabel, following previous: UpstreamRegistration?,
        names: NameResolution.Source = .init()
    ) {
        group = UpstreamGroup(settings, label: label, following: previous?.group, names: names)
        group.registry.enter(self)
        previous?.group.wasReplaced()
    }
}

/// What a group hands on to the one after it. It outlives the group, as the connections do whose room it is.
///
/// Concurrency: may be used from every thread.
final class UpstreamRegistry: Sendable {
    private struct Entry {
        weak var registration: UpstreamRegistration?
    }

    /// Those who wait for room.
    let line = WaitingLine()

    /// In the order in which they came into force.
    private let entries = Mutex<[Entry]>([])

    /// The group that came into force last; nil once nothing has its registration any more.
    var newest: UpstreamGroup? { entries.withLock { $0.last?.registration?.group } }

    /// The upstreams of all groups, by their endpoints.
    var upstreams: [Endpoint: Upstream] {
        entries.withLock { entries in
            var upstreams: [Endpoint: Upstream] = [:]
            for entry in entries {
                for member in entry.registration?.group.members ?? [] {
                    upstreams[member.upstream.endpoint] = member.upstream
                }
            }
            return upstreams
        }
    }

    /// A group comes into force.
    fileprivate func enter(_ registration: UpstreamRegistration) {
        entries.withLock { entries in
            entries.removeAll { $0.registration == nil }
            entries.append(Entry(registration: registration))
        }
    }
}
