// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    import Reactor

    extension ChatService: Verifiable {
        /// Checks that every connection in the room is open and that waiting bytes will be delivered. Debug builds only.
        package func verify(into ledger: inout Ledger) {
            for fault in faults { ledger.expect(false, "chat: \(fault)") }
        }
    }
#endif
