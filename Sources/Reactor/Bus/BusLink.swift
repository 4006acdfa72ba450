// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// How the interface of a CAN listener is, as far as it was told.
///
/// Pure: what is seen comes in, what is news goes out.
enum BusLink: Equatable {
    /// It was not looked at yet.
    case unknown
    /// There is no interface of the name.
    case missing
    /// There is one, but it does not lead to a CAN bus.
    case foreign
    /// It is there, and has not been brought up.
    case down
    /// Frames come and go.
    case up

    /// What an interface is to a listener.
    init(_ link: NetworkLink?) {
        switch link {
        case nil: self = .missing
        case let link? where !link.isCAN: self = .foreign
        case let link?: self = link.isUp ? .up : .down
        }
    }

    /// What is to be said.
    enum News: Equatable {
        /// There is something to wait for: why, and what to do.
        case waits(String)
        /// There is nothing to wait for any more.
        case serves(String)
    }

    /// It was looked at.
    ///
    /// - Returns: what has changed; nil for nothing that anybody has to be told.
    mutating func see(_ now: BusLink, interface: InterfaceName) -> News? {
        let before = self
        self = now
        switch (before, now) {
        case (.unknown, .up), (_, .unknown):
            return nil
        case _ where before == now:
            return nil
        case (_, .up):
            return .serves(before == .down ? "the interface \(interface) is up" : "the interface \(interface) is there")
        case (.up, .down):
            return .waits(
                "the interface \(interface) has gone down, and is used again when it comes up (`ip link set \(interface) up`)"
            )
        case (_, .down):
            return .waits(
                "the interface \(interface) is down, and is used when it comes up (`ip link set \(interface) up`)")
        case (.up, .missing), (.down, .missing):
            return .waits("the interface \(interface) is gone, and is used again when there is one of this name")
        case (_, .missing):
            return .waits(
                "this host has no interface \(interface) now, and uses it when it appears (`ip link` shows what there is)"
            )
        case (_, .foreign):
            return .waits(
                "the interface \(interface) does not lead to a CAN bus; one of this name that does is waited for")
        }
    }

    /// What one waits for, in the line that systemd shows; nil for nothing.
    func awaited(_ interface: InterfaceName) -> String? {
        switch self {
        case .unknown, .up: nil
        case .missing: "\(interface) missing"
        case .foreign: "\(interface) not CAN"
        case .down: "\(interface) down"
        }
    }
}
