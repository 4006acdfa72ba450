# SPDX-License-Identifier: Apache-2.0
"""The processor time of a server and of all processes that it starts.

A server that forks for each connection spends its time in children, most of them gone when one looks. A control group
counts them all, to the nanosecond (version 1, cpuacct) or microsecond (version 2, cpu.stat). Without the right to make
one, the living process tree is summed up, with what its members have reaped: to the nanosecond for a server of one
process, to the clock tick for the others.
"""

import itertools
import os
import time
from pathlib import Path

from . import processes

_numbers = itertools.count()


class ControlGroup:
    """A control group of its own for each server."""

    def __init__(self, hierarchy, home, read):
        self.path = hierarchy / home.lstrip("/") / f"usher-bench-{os.getpid()}-{next(_numbers)}"
        self.home = hierarchy / home.lstrip("/")
        self.read = read
        self.path.mkdir()

    def __enter__(self):
        """The benchmark itself enters, so that what it starts is inside from its first instruction on."""
        (self.path / "cgroup.procs").write_text("0")

    def __exit__(self, *_):
        (self.home / "cgroup.procs").write_text("0")

    def nanoseconds(self, _root):
        return self.read(self.path)

    def close(self):
        """Only possible once the last of its processes is gone, which for killed children takes a moment."""
        for _ in range(100):
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.01)


class ProcessTree:
    """The server's process and its descendants."""

    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass

    def nanoseconds(self, root):
        total = processes.processor_time(root) + processes.ticks_of_reaped(root)
        for pid in processes.tree(root)[1:]:
            try:
                total += processes.ticks_with_reaped(pid)
            except OSError:
                continue
        return total

    def close(self):
        pass


def _read_version_1(path):
    return int((path / "cpuacct.usage").read_text())


def _read_version_2(path):
    for line in (path / "cpu.stat").read_text().splitlines():
        if line.startswith("usage_usec "):
            return int(line.split()[1]) * 1000
    raise OSError("cpu.stat has no usage_usec")


def _hierarchies():
    """Each way to make a control group here: (name, mount point, our place in it, how to read it)."""
    homes = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, home = line.split(":", 2)
        for controller in controllers.split(","):
            homes[controller] = home
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    for _, where, kind, options, *_ in mounts:
        if kind == "cgroup" and "cpuacct" in options.split(",") and "cpuacct" in homes:
            yield "cgroup v1 cpuacct", Path(where), homes["cpuacct"], _read_version_1
    for _, where, kind, *_ in mounts:
        if kind == "cgroup2" and "" in homes:
            yield "cgroup v2 cpu.stat", Path(where), homes[""], _read_version_2


def choose():
    """The best way here: (its name, a function that makes a meter for one server)."""
    for name, mount, home, read in _hierarchies():
        try:
            trial = ControlGroup(mount, home, read)
            try:
                with trial:
                    pass
                read(trial.path)
            finally:
                trial.close()
        except OSError:
            continue
        return name, lambda mount=mount, home=home, read=read: ControlGroup(mount, home, read)
    return "process tree", ProcessTree
