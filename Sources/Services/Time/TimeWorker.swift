// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// Sends the time as a 32-bit number and closes: RFC 868. Input from the client is ignored.
final class TimeWorker: Worker {
    override func start() {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: TimeProtocol.seconds(of: Clock.realtime))
        if send(bytes) != .closed { finish(.finished, by: .service) }
    }
}
