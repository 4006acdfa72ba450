// SPDX-License-Identifier: Apache-2.0

import Reactor

extension FlowSeed {
    /// Whether an answer can reach only the sender of the datagram: see ``AnsweringFlow``.
    func mayBeAnswered(on lane: Lane) -> Bool {
        AnsweringFlow.mayAnswer(identity.peer, at: identity.local, isBroadcastOrMulticast: isBroadcastOrMulticast)
            && !lane.isOwnPort(identity.peer)
    }
}
