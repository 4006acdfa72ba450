# SPDX-License-Identifier: Apache-2.0
"""The host: its processors, how busy others keep them, and what to call it in a report."""

import contextlib
import os
import platform
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path


class Processors:
    """One processor for the server and one for the load, of those that this process may use."""

    def __init__(self):
        self.usable = sorted(os.sched_getaffinity(0))
        self.server = self.usable[0]
        self.load = self.usable[1] if len(self.usable) > 1 else self.usable[0]

    @property
    def separate(self):
        return self.server != self.load

    @contextlib.contextmanager
    def children_on(self, processor):
        """Children started inside inherit the affinity; no wrapper program adds to their start."""
        os.sched_setaffinity(0, {processor})
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.usable)


@dataclass
class Ticks:
    """What /proc/stat says of one processor, in clock ticks since boot."""

    busy: int
    steal: int
    total: int

    @classmethod
    def of(cls, processor):
        for line in Path("/proc/stat").read_text().splitlines():
            fields = line.split()
            if fields[0] == f"cpu{processor}":
                user, nice, system, idle, iowait, irq, softirq, steal = map(int, fields[1:9])
                busy = user + nice + system + irq + softirq
                return cls(busy, steal, busy + idle + iowait + steal)
        raise RuntimeError(f"/proc/stat has no cpu{processor}")

    def __sub__(self, earlier):
        return Ticks(self.busy - earlier.busy, self.steal - earlier.steal, self.total - earlier.total)

    @property
    def steal_share(self):
        return self.steal / self.total if self.total > 0 else 0.0

    def foreign_share(self, own_nanoseconds):
        """The part of the processor's time that went to anything but the one process under test."""
        if self.total <= 0:
            return 0.0
        own = own_nanoseconds * os.sysconf("SC_CLK_TCK") / 1e9
        return max(0.0, self.busy - own) / self.total


def raise_descriptor_limit():
    """Thousands of connections need as many descriptors; children inherit the limit. Returns it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def processor_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown distribution"


def description():
    return {
        "kernel": f"{platform.system()} {platform.release()}",
        "processor": processor_model(),
        "processors": os.cpu_count(),
        "distribution": distribution(),
        "hypervisor": "hypervisor" in Path("/proc/cpuinfo").read_text(),
        "load_average": os.getloadavg()[0],
    }


def debian_version(package):
    """The installed version of a Debian package, or None."""
    try:
        asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package],
                               capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return asked.stdout.strip() or None
