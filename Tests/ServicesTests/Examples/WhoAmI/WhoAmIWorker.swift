// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Reactor
import Records

/// Sends a client its address and closes the connection. What the client sends is ignored.
final class WhoAmIWorker: Worker {
    private let values: WhoAmIValues

    init(_ seed: consuming Seed, lane: Lane, _ values: WhoAmIValues) {
        self.values = values
        super.init(seed, lane: lane)
    }

    override func start() {
        if send(values.line(for: identity)) != .closed { finish(.finished, by: .service) }
    }
}
