// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The processors of this host.
public enum Processors {
    /// How many processors this process may run on: sched_getaffinity(2), which respects taskset, cpusets and CPUAffinity=.
    public static var usable: Int { max(1, Int(clinux_processor_count())) }
}
