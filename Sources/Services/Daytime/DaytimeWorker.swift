// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// Sends the date and time as text and closes: RFC 867. Input from the client is ignored.
final class DaytimeWorker: Worker {
    override func start() {
        var line: [UInt8] = []
        line.append(daytimeOf: CivilTime(nanoseconds: Clock.realtime))
        if send(line) != .closed { finish(.finished, by: .service) }
    }
}
