// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Services
import Synchronization

/// The requests of control clients, for the supervisor.
///
/// Concurrency: may be used from every thread; the supervisor watches ``raw`` and takes what there is.
final class ControlInbox: ControlPlane {
    let dataLanes: [LaneHandle]
    private let requests = Mutex<[ControlRequest]>([])
    private let wakeup: Wakeup

    init(_ dataLanes: [LaneHandle]) throws(SystemError) {
        self.dataLanes = dataLanes
        wakeup = try Wakeup()
    }

    /// The descriptor that is readable while there are requests.
    var raw: CInt { wakeup.raw }

    func submit(_ request: ControlRequest) {
        requests.withLock { $0.append(request) }
        wakeup.signal()
    }

    /// Takes the requests that there are.
    func take() -> [ControlRequest] {
        wakeup.clear()
        return requests.withLock { requests in
            defer { requests = [] }
            return requests
        }
    }
}
