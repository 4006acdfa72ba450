# SPDX-License-Identifier: Apache-2.0
"""A running usherd."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile

from .waiting import equal, wait_for

LOG = '[log]\nto = "stderr"\nformat = "json"\n'
_running = []


def running():
    """Those that the case has started, whether they still run or not."""
    return list(_running)


def end_all():
    """Ends all of them for good."""
    while _running:
        _running.pop().end()


class Daemon:
    """usherd with a configuration, in a directory of its own, which `$DIR` stands for. It logs JSON. `processors` are
    those that it may run on."""

    def __init__(self, configuration, wait=True, processors=None):
        self.directory = tempfile.mkdtemp(dir="/run", prefix="usherd-")
        self.log = os.path.join(self.directory, "stderr")
        self.path = os.path.join(self.directory, "usherd.toml")
        self.write(configuration)
        everywhere = os.sched_getaffinity(0)
        # It inherits what this thread has.
        os.sched_setaffinity(0, processors or everywhere)
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(["usherd", "--config", self.path], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output)
        os.sched_setaffinity(0, everywhere)
        _running.append(self)
        if wait:
            wait_for(lambda: f"usherd to start; it said {self.said()}",
                     lambda: self.records("started") or self.check_that_it_runs())

    def check_that_it_runs(self):
        if self.process.poll() is not None:
            raise AssertionError(f"usherd exited with {self.process.returncode}: {self.said()}")

    def write(self, configuration):
        """Writes a configuration in place of the one that is there."""
        self.configuration = LOG + configuration.replace("$DIR", self.directory)
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.configuration)

    def reload(self, configuration):
        """Puts another configuration in force."""
        before = len(self.records("reload"))
        self.write(configuration)
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: f"a reload; usherd said {self.said()}", lambda: len(self.records("reload")) > before)

    def said(self):
        """All that it wrote."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def records(self, event=None, **fields):
        """The records so far of an event that have these values."""
        found = [json.loads(line) for line in self.said().splitlines(keepends=True)
                 if line.startswith("{") and line.endswith("}\n")]
        return [record for record in found if event in (None, record["event"])
                and all(record.get(name) == value for name, value in fields.items())]

    def record(self, event, **fields):
        """Waits for such a record."""
        wanted = " ".join([event, *(f"{name}={value}" for name, value in fields.items())])
        return wait_for(lambda: f"the record {wanted}", lambda: self.records(event, **fields))[0]

    def address(self, listener, index=0):
        """Where a listener listens, as its record says."""
        return [record["local"] for record in self.records("listening", listener=listener)][index]

    def sockets(self):
        """The sockets that it has open, each as the kernel numbers it."""
        directory = f"/proc/{self.process.pid}/fd"
        links = set()
        for descriptor in os.listdir(directory):
            with contextlib.suppress(FileNotFoundError):
                links.add(os.readlink(f"{directory}/{descriptor}"))
        return {link for link in links if link.startswith("socket:")}

    def wakeups(self):
        """How often its threads have gone to sleep by themselves so far, which is how often they were awake."""
        total = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/status", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
        return total

    def check_close(self, peer, **fields):
        """Waits for the record of the end of this client's connection, sees that it and the one of its beginning say
        this, and that there are no others."""
        record = self.record("close", peer=peer)
        equal({name: record.get(name) for name in fields}, fields, f"the close record {record}")
        opened = self.records("open", connection=record["connection"])
        equal([each["peer"] for each in opened], [peer], "peers of the open records")
        equal([each.get("local") for each in opened], [record["local"]], "local of the open records")
        equal(len(self.records("close", connection=record["connection"])), 1, "number of close records")
        return record

    def stop(self):
        """Has it stop in an orderly manner, which must succeed."""
        self.process.send_signal(signal.SIGTERM)
        equal(self.process.wait(20), 0, "the exit status of usherd")

    def end(self):
        """Ends it for good."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
