// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A listener on one lane: its sockets there, the settings for new connections, and the service.
///
/// Concurrency: belongs to one lane.
final class LaneListener {
    /// The settings for new connections.
    private(set) var current: ListenerInForce

    /// The service for new connections.
    private(set) var service: any Service

    /// The sockets on which this lane accepts or receives for the listener.
    var ingressSockets: [IngressSocket] = []

    init(_ listener: ListenerInForce) {
        current = listener
        service = listener.makeService()
    }

    /// Applies new settings to future connections.
    ///
    /// - Parameter keepsService: whether they share the service of existing connections, such as a room with its members.
    func update(_ listener: ListenerInForce, keepsService: Bool) {
        current = listener
        if !keepsService { service = listener.makeService() }
    }
}
