// SPDX-License-Identifier: Apache-2.0

import Reactor

extension FlowArrival {
    /// Whether an answer could harm nobody but who asked: see ``AnsweringFlow``.
    func mayBeAnswered(on lane: Lane) -> Bool {
        AnsweringFlow.mayAnswer(peer, at: local, isToMany: isToMany) && !lane.isOwnPort(peer)
    }
}
