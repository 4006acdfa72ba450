// SPDX-License-Identifier: Apache-2.0

extension ServiceDescriptor {
    /// Sends everything back: RFC 862.
    static let echo = ServiceDescriptor(
        "echo", returnsFrames: true, session: EchoWorker.init(_:lane:), flow: EchoFlow.init(flow:lane:))
}
