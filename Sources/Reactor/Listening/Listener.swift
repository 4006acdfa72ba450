// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A listener as one lane has it: its acceptors there, the settings for the next connection, and the service.
///
/// Concurrency: belongs to one lane.
final class Listener {
    /// The settings in force.
    private(set) var profile: ListenerProfile

    /// The service of the next connection.
    private(set) var service: any Service

    /// The sockets through which clients come to this lane.
    var ingressSockets: [IngressSocket] = []

    init(_ profile: ListenerProfile) {
        self.profile = profile
        service = profile.makeService()
    }

    /// Puts new settings into force for the connections to come.
    ///
    /// - Parameter keepsService: whether what the connections share stays as well, such as a room with those in it.
    func update(_ profile: ListenerProfile, keepsService: Bool) {
        self.profile = profile
        if !keepsService { service = profile.makeService() }
    }
}
