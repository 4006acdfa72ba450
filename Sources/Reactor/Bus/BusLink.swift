// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// The state of the interface of a CAN listener, as last seen.
///
/// Pure: the state that was seen goes in, what to record comes out.
enum BusLink: Equatable {
    /// Its state was not read yet.
    case unknown
    /// No interface has the name.
    case missing
    /// The interface with the name is not a CAN interface.
    case notCAN
    /// The interface is down.
    case down
    /// The interface is up.
    case up

    /// Makes the state from what the kernel says of an interface; nil for none.
    init(_ link: NetworkLink?) {
        switch link {
        case nil: self = .missing
        case let link? where !link.isCAN: self = .notCAN
        case let link?: self = link.isUp ? .up : .down
        }
    }

    /// A change that is recorded.
    enum News: Equatable {
        /// The interface cannot be used now.
        case waits(InterfaceWait)
        /// The interface can be used; before, it was down, or missing.
        case serves(wasDown: Bool)
    }

    /// Sets the present state.
    ///
    /// - Returns: the change; nil if no record is to be written.
    mutating func update(to now: BusLink) -> News? {
        let before = self
        self = now
        return switch (before, now) {
        case (.unknown, .up), (_, .unknown): nil
        case _ where before == now: nil
        case (_, .up): .serves(wasDown: before == .down)
        case (_, .down): .waits(.down)
        case (.up, .missing), (.down, .missing): .waits(.removed)
        case (_, .missing): .waits(.missing)
        case (_, .notCAN): .waits(.notCAN)
        }
    }

    /// What the listener waits for, for the status line; nil for nothing.
    func awaited(_ interface: InterfaceName) -> String? {
        switch self {
        case .unknown, .up: nil
        case .missing: "\(interface) missing"
        case .notCAN: "\(interface) not CAN"
        case .down: "\(interface) down"
        }
    }
}
