// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Policy
import Records

extension Session {
    private final var idleTimeout: UInt64? {
        identity.kind.isDatagram ? identity.listener.plan.flowIdleTimeout : identity.listener.plan.idleTimeout
    }

    /// The earliest of the deadlines in force, as things stand; nil for none.
    final var nextDeadline: UInt64? {
        var earliest = endDeadline
        if let ownDeadline { earliest = min(earliest, ownDeadline) }
        // Once the time for the end is set, it alone counts.
        if endDeadline == .max {
            if let idle = idleTimeout { earliest = min(earliest, lastActivity &+ idle) }
            if let lifetime = identity.listener.plan.lifetime {
                earliest = min(earliest, identity.accepted &+ lifetime)
            }
        }
        return earliest == .max ? nil : earliest
    }

    /// Does what is due.
    ///
    /// - Returns: when to ask again.
    final func passDeadlines(at now: UInt64) -> UInt64? {
        if endDeadline <= now {
            endTimedOut()
        } else if endDeadline == .max, let lifetime = identity.listener.plan.lifetime,
            identity.accepted &+ lifetime <= now
        {
            end(.lifetime)
        } else if endDeadline == .max, let idle = idleTimeout, lastActivity &+ idle <= now {
            end(.idleTimeout)
        } else if let own = ownDeadline, own <= now {
            ownDeadline = nil
            deadlineReached()
        }
        return isOpen ? nextDeadline : nil
    }

    /// Who takes leave gets the time for it once; then the connection is closed.
    private func end(_ reason: CloseReason) {
        stop(reason, by: .daemon)
        if endDeadline == .max { close(reason, by: .daemon) }
    }
}
