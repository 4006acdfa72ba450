# SPDX-License-Identifier: Apache-2.0
"""The log goes to a file, which logrotate moves away under load."""

import gzip
import json
import os

from .. import service
from ..clients import Many
from ..registry import case
from ..waiting import equal, true, wait_for

LOG = "/var/log/usherd/usherd.log"
ROTATIONS = 10
CONFIGURATION = f"""
[log]
to = "file:{LOG}"
format = "json"

[listener.echo]
listen = "tcp://127.0.0.1:7007"
service = "echo"
"""


@case
def logrotate_loses_no_line(machine):
    service.configure(machine, CONFIGURATION)
    rules = machine.read("/etc/logrotate.d/usherd")
    # All that is rotated is kept, to be counted.
    machine.write("/etc/logrotate.d/usherd", rules.replace("rotate 8", f"rotate {ROTATIONS + 1}"))
    try:
        made = connect_and_rotate(machine)
        records = [json.loads(line) for line in lines(machine)]
    finally:
        machine.write("/etc/logrotate.d/usherd", rules)
    for event in ("open", "close"):
        numbers = [record["connection"] for record in records if record["event"] == event]
        equal(len(numbers), made, f"{event} records")
        equal(len(set(numbers)), made, f"connections in {event} records")
    equal([record for record in records if record["event"] in ("dropped", "log-failed")], [], "records of losses")


def connect_and_rotate(machine):
    """Has connections made until the log was rotated often enough. Returns how many."""
    machine.run("rm", "-f", "/var/lib/logrotate/status")
    made = rotations = 0
    while rotations < ROTATIONS:
        load = Many(7007, 20_000)
        while load.runs and rotations < ROTATIONS:
            wait_for("the log to grow", lambda: os.path.getsize(machine.path(LOG)) > 0 or not load.runs)
            if load.runs:
                said = machine.run("logrotate", "--force", "/etc/logrotate.d/usherd")
                equal(said, "", "what logrotate says")
                rotations += 1
        result = load.result()
        equal((result["refused"], result["broken"]), (0, 0), "connections that failed")
        made += result["made"]
    return made


def lines(machine):
    """Every line of all the files, each of which must be whole."""
    machine.run("systemctl", "stop", "usherd")
    directory = machine.path(os.path.dirname(LOG))
    names = [name for name in os.listdir(directory) if name.startswith("usherd.log")]
    equal(len(names), ROTATIONS + 1, "files")
    found = []
    for name in names:
        path = os.path.join(directory, name)
        status = os.stat(path)
        true(status.st_mode & 0o777 == 0o640, f"the mode of {name} is {status.st_mode & 0o777:o}")
        with (gzip.open if name.endswith(".gz") else open)(path, "rb") as file:
            text = file.read()
        true(not text or text.endswith(b"\n"), f"{name} ends within a line")
        found += text.splitlines()
    return found
