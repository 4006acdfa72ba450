// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration

extension ServiceDescriptor {
    /// A room in which all members read what the others write.
    static let chat = ServiceDescriptor(
        "chat", NoKeys(), keys: [], unfit: [.can: "a line of text does not fit in a frame"], sharesOneLane: true,
        make: { _ in ActiveService { ChatService() } })
}
