// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    import Reactor

    extension ChatService: Verifiable {
        /// Whom the service can send to is open, and nothing waits to be delivered. Debug builds only.
        package func verify(into ledger: inout Ledger) {
            for fault in faults { ledger.expect(false, "chat: \(fault)") }
        }
    }
#endif
