// SPDX-License-Identifier: Apache-2.0

import Records

/// Why a member is no longer in the room.
enum Departure: Equatable {
    /// It wanted to.
    case left
    /// Its connection broke.
    case lost
    /// It did not read what was said.
    case dropped
    /// Its connection was ended from outside.
    case ended(CloseReason)

    /// Whether the whole room goes: then nobody stays who would want to hear of it, and with many members to tell all of
    /// them of each would take longer than there is time.
    var emptiesTheRoom: Bool {
        switch self {
        case .ended(.stopped), .ended(.drained): true
        case .left, .lost, .dropped, .ended: false
        }
    }
}
