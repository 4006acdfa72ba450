// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration

extension ServiceDescriptor {
    /// A room in which everybody reads what the others write.
    static let chat = ServiceDescriptor(
        "chat", NoKeys(), keys: [], unfit: [.can: "a frame has no room for a line of text"], sharesOneLane: true,
        make: { _ in ActiveService { ChatService() } })
}
