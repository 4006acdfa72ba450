# SPDX-License-Identifier: Apache-2.0
"""What /proc tells about a process and its descendants."""

import os
import time
from pathlib import Path

NANOSECONDS_A_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name, which may hold spaces and parentheses: [0] is the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root):
    """The process and all its living descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(stat_fields(entry)[1]), []).append(int(entry))
            except (OSError, IndexError):
                continue  # ended in between
    found, pending = [], [root]
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending.extend(children.get(pid, []))
    return found


def processor_time(pid):
    """Nanoseconds that the process's threads have run, up to this instant (clock_getcpuclockid(3))."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def ticks_with_reaped(pid):
    """utime + stime + cutime + cstime, as nanoseconds."""
    return sum(int(field) for field in stat_fields(pid)[11:15]) * NANOSECONDS_A_TICK


def ticks_of_reaped(pid):
    """cutime + cstime, as nanoseconds."""
    return sum(int(field) for field in stat_fields(pid)[13:15]) * NANOSECONDS_A_TICK


def kibibytes(path, key):
    for line in Path(path).read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def memory(root):
    """Bytes of the process and its descendants: (resident, proportional). Shared pages count once in the second."""
    resident = proportional = 0
    for pid in tree(root):
        try:
            resident += kibibytes(f"/proc/{pid}/status", "VmRSS") * 1024
            proportional += kibibytes(f"/proc/{pid}/smaps_rollup", "Pss") * 1024
        except (FileNotFoundError, ProcessLookupError):
            continue
    return resident, proportional


def threads(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def wakeups(pid):
    """How often the process's threads have gone to sleep since they began."""
    return sum(kibibytes(f"/proc/{pid}/task/{thread}/status", "voluntary_ctxt_switches") for thread in threads(pid))


def find_kernel_thread(name):
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if Path(f"/proc/{entry}/comm").read_text().strip() == name:
                    return int(entry)
            except OSError:
                continue
    return None


def run_time(pid):
    """Nanoseconds that a single thread, also one of the kernel, has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def datagrams_dropped(port):
    """How many datagrams the UDP sockets bound to the port had no room for."""
    total = 0
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port:
            total += int(fields[-1])
    return total
