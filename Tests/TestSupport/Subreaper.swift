// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Makes this process the parent of its descendants whose parents end: PR_SET_CHILD_SUBREAPER of prctl(2).
public func becomeSubreaper() throws {
    guard clinux_become_subreaper() == 0 else { throw POSIXFailure("prctl") }
}
