// SPDX-License-Identifier: Apache-2.0

import Reactor

extension Lane {
    /// How many calls a connection or flow may make in this turn before the others have theirs: `most` where few are ready,
    /// and fewer by the ``share`` of each where many are.
    func calls(_ most: Int) -> Int { Self.calls(most, share: share) }

    static func calls(_ most: Int, share: Int) -> Int { max((most * share) >> 20, 1) }
}
