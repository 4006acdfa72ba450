// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import Services

/// A listener of the configuration in force, with its service and sockets.
struct ActiveListener {
    /// Its settings in the configuration.
    var settings: ListenerSettings

    /// What the lanes use for new connections.
    var current: ListenerInForce

    /// Its service, with what that keeps over reloads.
    var service: ActiveService

    /// Its sockets, in the order of its addresses.
    var sockets: [OpenSocket]

    /// Makes a listener from its settings.
    ///
    /// - Parameters:
    ///   - identifier: the number of the listener, the same over reloads.
    ///   - previous: the listener before a reload; its counters and what its service has learned are kept.
    init(
        _ settings: ListenerSettings, identifier: Int, sockets: [OpenSocket], following previous: ActiveListener? = nil
    ) {
        self.settings = settings
        self.sockets = sockets
        let label = ListenerLabel(name: settings.name, service: settings.service.name)
        // With the same service settings, the service object stays the same, with the clients that wait in it.
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
