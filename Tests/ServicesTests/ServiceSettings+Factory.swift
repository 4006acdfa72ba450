// SPDX-License-Identifier: Apache-2.0

import Configuration
import Reactor
import Records

@testable import Services

extension ServiceSettings {
    static let echo = ServiceSettings(ServiceDescriptor.echo.schema)
    static let discard = ServiceSettings(ServiceDescriptor.discard.schema)
    static let daytime = ServiceSettings(ServiceDescriptor.daytime.schema)
    static let time = ServiceSettings(ServiceDescriptor.time.schema)
    static let chargen = ServiceSettings(ServiceDescriptor.chargen.schema)
    static let chat = ServiceSettings(ServiceDescriptor.chat.schema)

    static func forward(_ settings: ForwardSettings) -> ServiceSettings { ServiceSettings(.forward, settings) }

    /// What makes the service for a lane.
    var factory: @Sendable () -> any Service {
        ActiveService(self, label: ListenerLabel(name: "test", service: name)).make
    }
}
