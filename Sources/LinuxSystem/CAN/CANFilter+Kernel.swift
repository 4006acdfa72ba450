// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux

extension CANFilter {
    /// The list for CAN_RAW_FILTER: `struct can_filter` of linux/can.h.
    ///
    /// Without filters it passes every frame. Filters pass remote frames (RTR) as well as data frames.
    static func kernel(_ filters: [CANFilter]) -> [clinux_can_filter] {
        // The kernel delivers no frame for an empty list; mask 0 passes every frame.
        guard !filters.isEmpty else { return [clinux_can_filter(id: 0, mask: 0)] }
        return filters.map { filter in
            let comparison = filter.comparison
            return clinux_can_filter(id: comparison.id, mask: comparison.mask)
        }
    }
}
