// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux

extension CANFilter {
    /// The filter as `struct can_filter` of linux/can.h. It passes remote frames (RTR) as well as data frames.
    var kernel: clinux_can_filter {
        let comparison = comparison
        return clinux_can_filter(id: comparison.id, mask: comparison.mask)
    }
}
