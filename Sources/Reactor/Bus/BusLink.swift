// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

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

    /// What a record is written of.
    enum News: Equatable {
        /// The interface cannot be used now.
        case waits(InterfaceWait)
        /// The interface can be used; before, it was down, or missing.
        case serves(wasDown: Bool)
    }

    /// Notes the interface's present state.
    ///
    /// - Returns: what has changed; nil if no record is to be written.
    mutating func see(_ now: BusLink) -> News? {
        let before = self
        self = now
        return switch (before, now) {
        case (.unknown, .up), (_, .unknown): nil
        case _ where before == now: nil
        case (_, .up): .serves(wasDown: before == .down)
        case (_, .down): .waits(.down)
        case (.up, .missing), (.down, .missing): .waits(.removed)
        case (_, .missing): .waits(.missing)
        case (_, .foreign): .waits(.foreign)
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
