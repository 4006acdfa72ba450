// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The processors of this host.
public enum Processors {
    /// How many of them this process may run on: sched_getaffinity(2), which knows taskset, cpusets and CPUAffinity=.
    public static var usable: Int { max(1, Int(clinux_processor_count())) }
}
