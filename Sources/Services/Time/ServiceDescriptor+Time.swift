// SPDX-License-Identifier: Apache-2.0

import Addresses

extension ServiceDescriptor {
    /// The seconds since 1900 as four bytes: RFC 868.
    static let time = ServiceDescriptor(
        "time", unfit: [.can: "its answers are not CAN frames"], session: TimeWorker.init(_:lane:),
        flow: TimeFlow.init(flow:lane:))
}
