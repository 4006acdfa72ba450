// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Policy
import Records

extension Session {
    private final var idleTimeout: UInt64? {
        identity.kind.isDatagram ? identity.listener.plan.flowIdleTimeout : identity.listener.plan.idleTimeout
    }

    /// The earliest deadline in force; nil for none.
    final var nextDeadline: UInt64? {
        var earliest = endDeadline
        if let ownDeadline { earliest = min(earliest, ownDeadline) }
        // Once the session is ending, its idle timeout and lifetime no longer apply.
        if endDeadline == .max {
            if let idle = idleTimeout { earliest = min(earliest, lastActivity &+ idle) }
            if let lifetime = identity.listener.plan.lifetime {
                earliest = min(earliest, identity.accepted &+ lifetime)
            }
        }
        return earliest == .max ? nil : earliest
    }

    /// When each deadline that every session may have ends it, by ``Lane/now``; nil for one that is not in force.
    package final var commonDeadlines: CommonDeadlines {
        var deadlines = CommonDeadlines()
        // Once the session is ending, its idle timeout and lifetime no longer apply.
        guard endDeadline == .max else {
            deadlines.end = endDeadline
            return deadlines
        }
        deadlines.idle = idleTimeout.map { lastActivity &+ $0 }
        deadlines.lifetime = identity.listener.plan.lifetime.map { identity.accepted &+ $0 }
        return deadlines
    }

    /// Handles the deadline that is due.
    ///
    /// - Returns: when to call again; nil once the session has ended.
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

    /// Stops the session. Closes it, unless ``stop(_:by:)`` has given it time with ``limitEnd()``.
    private func end(_ reason: CloseReason) {
        stop(reason, by: .daemon)
        if endDeadline == .max { close(reason, by: .daemon) }
    }
}

/// The deadlines that every session may have, in nanoseconds by ``Lane/now``.
package struct CommonDeadlines: Hashable, Sendable {
    /// `idle-timeout`.
    package var idle: UInt64?
    /// `lifetime`.
    package var lifetime: UInt64?
    /// When a session that is ending is closed at the latest.
    package var end: UInt64?
}
