// SPDX-License-Identifier: Apache-2.0

import Configuration
import Reactor
import Records
import Services

extension ServiceSettings {
    /// What makes the service for a lane.
    var factory: @Sendable () -> any Service {
        ActiveService(self, label: ListenerLabel(name: "test", service: name)).make
    }
}
