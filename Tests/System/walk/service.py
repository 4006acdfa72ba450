# SPDX-License-Identifier: Apache-2.0
"""usherd as a service of a machine: its configuration, its state, and its records in the journal."""

import json
import os
import re
import shutil
import time

from .waiting import equal, wait_for

CONFIGURATION = "/etc/usherd/usherd.toml"
DROP_INS = "/run/systemd/system/usherd.service.d"
LOOPBACK = "tcp://127.0.0.1"
_shipped = {}


def is_installed(machine):
    return machine.exists("/lib/systemd/system/usherd.service")


def remember(machine):
    """Takes what is there now for what `restore` is to bring back."""
    _shipped["configuration"] = machine.read(CONFIGURATION)


def restore(machine):
    """Makes the service what it was after the installation, if it is installed."""
    if not is_installed(machine) or not _shipped:
        return
    machine.run("systemctl", "stop", "usherd.socket", check=False)
    changed = machine.exists(DROP_INS) or machine.read(CONFIGURATION) != _shipped["configuration"]
    if changed or show(machine, "ActiveState") != "active":
        shutil.rmtree(machine.path(DROP_INS), ignore_errors=True)
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "reset-failed", "usherd.service", check=False)
        configure(machine, _shipped["configuration"])


def configure(machine, text):
    """Puts a configuration in force by a restart."""
    machine.write(CONFIGURATION, text)
    machine.run("systemctl", "restart", "usherd.service")
    equal(show(machine, "ActiveState"), "active", "the state of the service")


def drop_in(machine, name, text):
    """Adds to the unit, until `restore`. Takes effect with the next restart."""
    machine.write(f"{DROP_INS}/{name}.conf", text)
    machine.run("systemctl", "daemon-reload")


def show(machine, key, unit="usherd.service"):
    """A property that systemd has of the service."""
    return machine.run("systemctl", "show", "--value", f"--property={key}", unit).strip()


def process(machine):
    """The number that the daemon's process has in the machine."""
    return int(show(machine, "MainPID"))


def of_process(machine, name):
    """What /proc says of the daemon."""
    return machine.read(f"/proc/{process(machine)}/{name}")


def status_field(machine, name):
    return re.search(rf"^{name}:\s*(.*)$", of_process(machine, "status"), re.MULTILINE)[1]


def descriptors(machine):
    """How many descriptors it has open."""
    return len(os.listdir(machine.path(f"/proc/{process(machine)}/fd")))


def resident(machine):
    """The memory that is its own, in bytes: no page of a file that could be read again."""
    return sum(int(status_field(machine, name).split()[0]) * 1024 for name in ("RssAnon", "VmSwap"))


def wait_for_new_process(machine, old, seconds=30):
    """Waits until systemd has another process for the service, which is ready."""
    wait_for("systemd to start the service anew",
             lambda: show(machine, "ActiveState") == "active" and process(machine) not in (0, old), seconds)
    return process(machine)


# The journal.


def now(machine):
    """This moment, as journalctl takes it. (Not a cursor: journalctl 252 passes over the first entry that matches after one.)"""
    machine.run("journalctl", "--sync")
    return f"--since=@{time.time():.6f}"


def records(machine, since, *matches, fields=()):
    """The entries of the journal since a moment that match, as journald gives them."""
    words = ["journalctl", "--output=json", "--all", since, *matches]
    if fields:
        words.append(f"--output-fields={','.join(fields)}")
    return [json.loads(line) for line in machine.run(*words).splitlines() if line.startswith("{")]


def wait_for_records(machine, since, *matches, count=1, seconds=30):
    """Waits for so many of them."""
    return wait_for(f"{count} records {' '.join(matches)}",
                    lambda: (found := records(machine, since, *matches))[count - 1:] and found, seconds)
