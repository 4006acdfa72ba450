// SPDX-License-Identifier: Apache-2.0

/// What the methods return. Each is a struct whose members have the names of the results in the interface.
package enum ControlResults {
    /// Of `Status`.
    package struct Status: Codable, Hashable, Sendable {
        package var daemon: DaemonStatus
        package var listeners: [ListenerStatus]

        package init(daemon: DaemonStatus, listeners: [ListenerStatus]) {
            self.daemon = daemon
            self.listeners = listeners
        }
    }

    /// Of `Connections`, a part of the list in each reply.
    package struct Connections: Codable, Hashable, Sendable {
        package var connections: [ConnectionStatus]
        /// How many match, listed or not.
        package var count: Int

        package init(connections: [ConnectionStatus], count: Int) {
            self.connections = connections
            self.count = count
        }
    }

    /// Of a method that counts.
    package struct Count: Codable, Hashable, Sendable {
        package var count: Int

        package init(count: Int) { self.count = count }
    }

    /// Of `org.varlink.service.GetInfo`.
    package struct Info: Codable, Hashable, Sendable {
        package var vendor: String
        package var product: String
        package var version: String
        package var url: String
        package var interfaces: [String]

        /// What a service of this version says.
        package init(version: String) {
            vendor = "usher"
            product = "usherd"
            self.version = version
            url = "man:usherd(8)"
            interfaces = [ControlInterface.serviceName, ControlInterface.name]
        }
    }

    /// Of `org.varlink.service.GetInterfaceDescription`.
    package struct Description: Codable, Hashable, Sendable {
        package var description: String

        package init(description: String) { self.description = description }
    }
}
