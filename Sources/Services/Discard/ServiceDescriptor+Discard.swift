// SPDX-License-Identifier: Apache-2.0

extension ServiceDescriptor {
    /// Discards everything: RFC 863.
    static let discard = ServiceDescriptor(
        "discard", session: DiscardWorker.init(_:lane:), flow: DiscardFlow.init(flow:lane:))
}
