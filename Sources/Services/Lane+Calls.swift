// SPDX-License-Identifier: Apache-2.0

import Reactor

extension Lane {
    /// How many system calls a connection or flow may make in this turn.
    ///
    /// `most` where few are ready, fewer by the ``share`` of each where many are, but at least one.
    func calls(_ most: Int) -> Int { Self.calls(most, share: share) }

    static func calls(_ most: Int, share: Int) -> Int { max((most * share) >> 20, 1) }
}
