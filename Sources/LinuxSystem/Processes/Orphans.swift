// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Orphaned processes that this process inherits: as PID 1 of a container, or as a subreaper of prctl(2).
public enum Orphans {
    /// Whether this process inherits and must reap orphans.
    public static var areOurs: Bool { getpid() == 1 || clinux_is_subreaper() }

    /// Reaps every child that has ended: waitpid(2).
    ///
    /// - Returns: how many were reaped.
    @discardableResult
    public static func reap() -> Int {
        var count = 0
        while waitpid(-1, nil, WNOHANG) > 0 { count += 1 }
        return count
    }
}
