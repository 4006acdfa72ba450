// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// Says the date and the time in words, and has finished: RFC 867. What the client sends is ignored.
final class DaytimeWorker: Worker {
    override func start() {
        var line: [UInt8] = []
        line.append(daytimeOf: CivilTime(nanoseconds: Clock.realtime))
        if send(line) != .closed { finish(.finished, by: .service) }
    }
}
