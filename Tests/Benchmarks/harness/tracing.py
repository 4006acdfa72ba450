# SPDX-License-Identifier: Apache-2.0
"""How many system calls a process makes, counted by strace."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import processes
from .machine import debian_version
from .running import Failed, environment


def missing():
    """Why nothing can be traced here, or None."""
    return None if shutil.which("strace") else "strace is not installed"


def version():
    return f"strace {debian_version('strace') or ''}".strip()


def _tracer(thread_status):
    for line in Path(thread_status).read_text().splitlines():
        if line.startswith("TracerPid:"):
            return int(line.split()[1])
    return 0


class Trace:
    """Attached to a process and all its threads while in the `with` block; `calls` is known after it.

    A call that was under way before, or still is at the end, is not counted: strace counts calls that return. So a
    process that sleeps throughout has none.
    """

    def __init__(self, pid, directory):
        self.pid = pid
        self.output = Path(directory) / "strace"
        self.calls = {}

    def __enter__(self):
        self.process = subprocess.Popen(
            ["strace", "-f", "-c", "-U", "calls,name", "-o", self.output, "-p", str(self.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment())
        deadline = time.monotonic() + 10
        while not all(_tracer(f"/proc/{self.pid}/task/{thread}/status") == self.process.pid
                      for thread in processes.threads(self.pid)):
            if self.process.poll() is not None:
                raise Failed("strace could not attach (run as root, or set kernel.yama.ptrace_scope to 0): "
                             + self.process.stderr.read().strip())
            if time.monotonic() > deadline:
                self.process.kill()
                raise Failed("strace did not attach within 10 seconds")
            time.sleep(0.01)
        time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        self.calls = parse(self.output.read_text())

    @property
    def total(self):
        return sum(self.calls.values())


def parse(text):
    """The counts of `strace -c -U calls,name`: a line a call between two rules, nothing at all if there was none."""
    calls = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 2 and fields[0].isdigit() and fields[1] != "total":
            calls[fields[1]] = int(fields[0])
    return calls
