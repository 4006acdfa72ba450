// SPDX-License-Identifier: Apache-2.0

import Configuration
import LinuxSystem
import Reactor
import Records
import Services

/// A listener in force.
struct ActiveListener {
    /// What the configuration says of it.
    var settings: ListenerSettings

    /// What its next connections get.
    var profile: ListenerProfile

    /// Its sockets, in the order of its addresses.
    var sockets: [OpenSocket]

    /// Makes the profile for settings.
    ///
    /// - Parameters:
    ///   - identifier: the listener's own, the same over reloads.
    ///   - connections: the count over reloads.
    static func profile(
        for settings: ListenerSettings, identifier: Int, connections: ConnectionCount
    ) -> ListenerProfile {
        ListenerProfile(
            identifier: identifier, label: ListenerLabel(name: settings.name, service: settings.service.name),
            idleTimeout: settings.idleTimeout?.nanoseconds, lifetime: settings.lifetime?.nanoseconds,
            connectionLimit: settings.maxConnections, sharesOneLane: settings.service.sharesOneLane,
            connections: connections, makeService: settings.service.factory)
    }
}

extension Duration {
    /// The whole nanoseconds, as many as 64 bits hold: 584 years.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, productOverflows) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflows) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return productOverflows || sumOverflows ? .max : sum
    }
}
