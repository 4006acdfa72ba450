// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many descriptors the process may have: RLIMIT_NOFILE of getrlimit(2).
public enum DescriptorLimit {
    /// How far ``raise()`` can go: the hard limit.
    package static var highest: Int {
        get throws(SystemError) {
            var limit = rlimit()
            // unsafe: a local.
            _ = try systemCall("getrlimit") { unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
            return Int(clamping: limit.rlim_max)
        }
    }

    /// Raises the limit as far as the process may, which is what the administrator allows.
    ///
    /// A process that may not raise it at all (a system-call filter such as `SystemCallFilter=~@resources`, or a hard limit
    /// above fs.nr_open) lives with what it has.
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
