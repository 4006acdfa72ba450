// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The number of descriptors that the process may have open: RLIMIT_NOFILE of getrlimit(2).
public enum DescriptorLimit {
    /// The hard limit, up to which ``raise()`` can go.
    package static var highest: Int {
        get throws(SystemError) {
            var limit = rlimit()
            // unsafe: a local.
            _ = try systemCall("getrlimit") { unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
            return Int(clamping: limit.rlim_max)
        }
    }

    /// Raises the soft limit to the hard limit, which the administrator sets.
    ///
    /// Keeps the old limit if raising fails: a system-call filter such as `SystemCallFilter=~@resources`, or a hard limit above
    /// fs.nr_open.
    ///
    /// - Returns: the limit in force.
    public static func raise() throws(SystemError) -> Int {
        var limit = rlimit()
        // unsafe: a local.
        _ = try systemCall("getrlimit") { unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        guard limit.rlim_cur < limit.rlim_max else { return Int(clamping: limit.rlim_cur) }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        do throws(SystemError) {
            // unsafe: a local.
            _ = try systemCall("setrlimit") { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) }
        } catch {
            return Int(clamping: limit.rlim_cur)
        }
        return Int(clamping: raised.rlim_cur)
    }
}
