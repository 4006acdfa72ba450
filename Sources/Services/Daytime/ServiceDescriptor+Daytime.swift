// SPDX-License-Identifier: Apache-2.0

import Addresses

extension ServiceDescriptor {
    /// The date and time as a line of text: RFC 867.
    static let daytime = ServiceDescriptor(
        "daytime", unfit: [.can: "its answers are not CAN frames"], amplifies: true,
        session: DaytimeWorker.init(_:lane:), flow: DaytimeFlow.init(flow:lane:))
}
