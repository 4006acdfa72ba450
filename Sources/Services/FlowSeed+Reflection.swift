// SPDX-License-Identifier: Apache-2.0

import Reactor

extension FlowSeed {
    /// Whether an answer could harm nobody but who asked: see ``AnsweringFlow``.
    func mayBeAnswered(on lane: Lane) -> Bool {
        AnsweringFlow.mayAnswer(identity.peer, at: identity.local, isToMany: isToMany) && !lane.isOwnPort(identity.peer)
    }
}
