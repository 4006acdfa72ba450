// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import Policy

/// `[listener.NAME]`, including the settings that it inherits from `[defaults]`.
public struct ListenerSettings: Hashable, Sendable {
    /// The name in the table's header, unique: 1 to 64 letters, digits, `-`, `_` and `.`.
    public var name: String

    /// `listen`: at least one address. No two addresses of all listeners conflict.
    public var listen: [ListenAddress]

    /// `service`.
    public var service: ServiceSettings

    /// The settings of its connections.
    public var plan: ListenerPlan

    /// `allow-amplification`: whether a service whose answers are longer than the requests may serve any source over UDP.
    public var allowsAmplification: Bool

    /// The place of the name in the table's header.
    public var origin: SettingOrigin

    /// The places of its keys.
    public var places: SettingPlaces

    /// Makes settings.
    public init(
        name: String, listen: [ListenAddress], service: ServiceSettings, plan: ListenerPlan,
        allowsAmplification: Bool = false, origin: SettingOrigin, places: SettingPlaces = SettingPlaces()
    ) {
        self.name = name
        self.listen = listen
        self.service = service
        self.plan = plan
        self.allowsAmplification = allowsAmplification
        self.origin = origin
        self.places = places
    }

    /// The socket options of the listening sockets of an address.
    public func options(for address: ListenAddress) -> ListeningOptions { plan.socketOptions(backlog: address.backlog) }
}
