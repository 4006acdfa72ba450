// SPDX-License-Identifier: Apache-2.0

import Addresses

extension PeerTimers {
    /// Sets the timers on a new socket.
    func apply(to raw: CInt) throws(SystemError) {
        if let keepAlive {
            try SocketOption.keepAlive.set(1, on: raw)
            if let idle = keepAlive.idle { try SocketOption.keepIdle.set(idle, on: raw) }
            if let interval = keepAlive.interval { try SocketOption.keepInterval.set(interval, on: raw) }
            if let count = keepAlive.count { try SocketOption.keepCount.set(count, on: raw) }
        }
        if let userTimeout { try SocketOption.userTimeout.set(userTimeout, on: raw) }
    }
}
