# SPDX-License-Identifier: Apache-2.0
"""As many connections as a host has in a day. Nothing of them may stay."""

from .. import service
from ..clients import Many
from ..registry import case
from ..waiting import equal, true, wait_for

# Until the batches of the log have met the peaks that they meet.
WARM_UP = 200_000
DAY = 1_000_000
# Records are written as ever, to a file that is thrown away from time to time.
CONFIGURATION = """
[log]
to = "file:/var/log/usherd/usherd.log"

[listener.echo]
listen = "tcp://127.0.0.1:7007"
service = "echo"
"""
# What the allocator may keep of one moment's peak and not of another's: batches of records that waited for a busy processor. A
# leak of 16 bytes a connection, the least that malloc(3) gives, would be 15 MiB.
GROWTH = 4 << 20


@case
def million_connections_leave_nothing(machine):
    service.configure(machine, CONFIGURATION)
    process = service.process(machine)
    connect(machine, WARM_UP)
    memory, descriptors = measure(machine)
    done = 0
    while done < DAY:
        connect(machine, DAY // 10)
        done += DAY // 10
        machine.run("truncate", "--size=0", "/var/log/usherd/usherd.log")
    memory_after, descriptors_after = measure(machine)
    print(f"    after {WARM_UP}: {memory >> 10} KiB, {descriptors} descriptors;"
          f" after {DAY} more: {memory_after >> 10} KiB, {descriptors_after} descriptors")
    equal(service.process(machine), process, "the process")
    equal(descriptors_after, descriptors, "descriptors")
    true(memory_after - memory <= GROWTH, f"its memory grew from {memory} to {memory_after} bytes")


def connect(machine, count):
    # Two at a time: one for each processor that CI has.
    loads = [Many(7007, count // 2) for _ in range(2)]
    for load in loads:
        equal(load.result(), {"made": count // 2, "refused": 0, "broken": 0}, "the connections")
    wait_for("the last connection to be closed", lambda: "0 connections" in service.show(machine, "StatusText"))


def measure(machine):
    return service.resident(machine), service.descriptors(machine)
