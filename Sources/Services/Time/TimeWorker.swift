// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// Says the time as a number of 32 bits, and has finished: RFC 868. What the client sends is ignored.
final class TimeWorker: Worker {
    override func start() {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: TimeProtocol.seconds(of: Clock.realtime))
        if send(bytes) != .closed { finish(.finished, by: .service) }
    }
}
