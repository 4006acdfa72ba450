// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Services

/// A listener in force.
struct ActiveListener {
    /// What the configuration says of it.
    var settings: ListenerSettings

    /// The listener as its next connections find it.
    var current: ListenerInForce

    /// What they get it from, with what it knows.
    var service: ActiveService

    /// Its sockets, in the order of its addresses.
    var sockets: [OpenSocket]

    /// Makes a listener of its settings.
    ///
    /// - Parameters:
    ///   - identifier: the listener's own, the same over reloads.
    ///   - previous: the listener as it was before a reload; what was counted and learned goes on.
    init(
        _ settings: ListenerSettings, identifier: Int, sockets: [OpenSocket], following previous: ActiveListener? = nil
    ) {
        self.settings = settings
        self.sockets = sockets
        let label = ListenerLabel(name: settings.name, service: settings.service.name)
        // Where the service is the same, so is the object, with those who wait in it.
        if let previous, previous.settings.service == settings.service {
            service = previous.service
        } else {
            service = ActiveService(settings.service, label: label, following: previous?.service)
        }
        current = ListenerInForce(
            settings.plan, label: label, state: previous?.current.state ?? ListenerState(identifier: identifier),
            makeService: service.make)
    }
}
