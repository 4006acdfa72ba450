// SPDX-License-Identifier: Apache-2.0

import Addresses

extension ServiceDescriptor {
    /// Lines of 72 characters without end: RFC 864.
    static let chargen = ServiceDescriptor(
        "chargen", unfit: [.can: "its answers are not CAN frames"], amplifies: true,
        session: ChargenWorker.init(_:lane:), flow: ChargenFlow.init(flow:lane:))
}
