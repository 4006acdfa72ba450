// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Records
import Synchronization

/// Keeps a group in its registry while a listener, a service or a connection uses it.
///
/// A ``ListenerInForce`` retains it through `makeService`, and connections retain that. Only this object is referenced
/// weakly. After the first weak reference, an object is retained and released through a side table, which takes four times
/// as long, and a connection retains its group and its upstream some twenty times.
///
/// Concurrency: immutable.
final class UpstreamRegistration: Sendable {
    /// The group.
    let group: UpstreamGroup

    /// Makes a group and puts it in force.
    ///
    /// - Parameters:
    ///   - previous: the registration that a reload replaces.
    ///   - names: how the names of new upstreams are looked up.
    init(
        _ settings: ForwardSettings, label: ListenerLabel, following previous: UpstreamRegistration?,
        names: NameResolution.Source = .init()
    ) {
        group = UpstreamGroup(settings, label: label, following: previous?.group, names: names)
        group.registry.enter(self)
        previous?.group.wasReplaced()
    }
}

/// State that successive groups of a listener share. It outlives a group while connections of the group exist.
///
/// Concurrency: may be used from every thread.
final class UpstreamRegistry: Sendable {
    private struct Entry {
        weak var registration: UpstreamRegistration?
    }

    /// The connections that wait for a free place.
    let queue = WaitingQueue()

    /// In the order in which they came into force.
    private let entries = Mutex<[Entry]>([])

    /// The group that came into force last; nil if its registration was released.
    var newest: UpstreamGroup? { entries.withLock { $0.last?.registration?.group } }

    /// The upstreams of all registered groups, by endpoint.
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

    /// Applies what operators have set for upstreams: to the choices of all groups, and to connections that wait.
    func followOverrides() {
        let groups = entries.withLock { $0.compactMap { $0.registration?.group } }
        for group in groups { group.followOverrides() }
        queue.serveAll()
    }

    /// Registers a group that comes into force.
    fileprivate func enter(_ registration: UpstreamRegistration) {
        entries.withLock { entries in
            entries.removeAll { $0.registration == nil }
            entries.append(Entry(registration: registration))
        }
    }
}
