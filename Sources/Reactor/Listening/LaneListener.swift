// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// A listener on one lane: its sockets there, what the next connection finds, and the service.
///
/// Concurrency: belongs to one lane.
final class LaneListener {
    /// The listener as the next connection finds it.
    private(set) var current: ListenerInForce

    /// The service of the next connection.
    private(set) var service: any Service

    /// The sockets through which clients come to this lane.
    var ingressSockets: [IngressSocket] = []

    init(_ listener: ListenerInForce) {
        current = listener
        service = listener.makeService()
    }

    /// Puts new settings into force for the connections to come.
    ///
    /// - Parameter keepsService: whether what the connections share stays as well, such as a room with those in it.
    func update(_ listener: ListenerInForce, keepsService: Bool) {
        current = listener
        if !keepsService { service = listener.makeService() }
    }
}
