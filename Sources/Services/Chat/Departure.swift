// SPDX-License-Identifier: Apache-2.0

import Records

/// Why a member is no longer in the room.
enum Departure: Equatable {
    /// It sent `/quit` or EOF.
    case left
    /// Its connection failed.
    case lost
    /// It did not read.
    case dropped
    /// Its connection was closed for a reason outside the room.
    case ended(CloseReason)

    /// Whether all members leave, as at a shutdown: their departures are not announced.
    ///
    /// With many members, announcing each to all others would take longer than the shutdown may.
    var endsRoom: Bool {
        switch self {
        case .ended(.stopped), .ended(.drained): true
        case .left, .lost, .dropped, .ended: false
        }
    }
}
