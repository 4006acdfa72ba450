// SPDX-License-Identifier: Apache-2.0

public import Addresses
public import Policy

/// `[listener.NAME]`, with what it inherits from `[defaults]`.
public struct ListenerSettings: Hashable, Sendable {
    /// The name in the table's header, unique: 1 to 64 letters, digits, `-`, `_` and `.`.
    public var name: String

    /// `listen`: at least one address; no two of all listeners collide.
    public var listen: [ListenAddress]

    /// `service`.
    public var service: ServiceSettings

    /// What connections get.
    public var plan: ListenerPlan

    /// `allow-amplification`: whether a service that answers with more than it is asked may do so over UDP to all.
    public var allowsAmplification: Bool

    /// Where the name is written in the table's header.
    public var origin: SettingOrigin

    /// Makes settings.
    public init(
        name: String, listen: [ListenAddress], service: ServiceSettings, plan: ListenerPlan,
        allowsAmplification: Bool = false, origin: SettingOrigin
    ) {
        self.name = name
        self.listen = listen
        self.service = service
        self.plan = plan
        self.allowsAmplification = allowsAmplification
        self.origin = origin
    }

    /// What the listening sockets of one of the addresses are set to.
    public func options(for address: ListenAddress) -> ListeningOptions { plan.socketOptions(backlog: address.backlog) }
}
