// SPDX-License-Identifier: Apache-2.0

import Policy

extension Configuration {
    /// How many descriptors the daemon may need at most.
    ///
    /// One for each connection and each listen address, a second one for each relayed connection, and 32 for the lanes and the
    /// log.
    public var descriptorsNeeded: Int {
        let most = daemon.maxConnections
        let relayed = listeners.reduce(0) { sum, listener in
            guard listener.service.forward != nil else { return sum }
            return sum + min(listener.plan.maxConnections ?? most, most)
        }
        let addresses = listeners.reduce(0) { sum, listener in
            sum
                + listener.listen.reduce(0) { count, address in
                    guard case .bind(_, let places, _) = address.target else { return count + 1 }
                    return count + places.count
                }
        }
        return most + min(relayed, most) + 32 + addresses
    }
}
